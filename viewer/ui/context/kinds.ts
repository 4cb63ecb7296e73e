/** Kinds of parts in the order in which a column stacks them: as a request is read by a cache, its messages by kind. */
const KINDS = [
  'not recorded', 'kept by the server', 'tool-definition', 'system', 'user', 'assistant', 'reasoning', 'tool-call', 'tool-result',
  'image', 'audio', 'file', 'other', 'rest',
] as const

const places: ReadonlyMap<string, number> = new Map(KINDS.map((kind, i) => [kind, i]))

/** The custom property (styles/context.css) that holds a kind's colour. */
export const partColor = (kind: string): string => `--part-${places.has(kind) ? kind.replaceAll(' ', '-') : 'other'}`

/** An unknown kind stands before what is left over. */
export const kindOrder = (kind: string): number => places.get(kind) ?? KINDS.length - 1.5
