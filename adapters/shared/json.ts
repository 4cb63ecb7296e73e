/** Foreign data is read once, at the edge: these say what it is, or that it is absent. */

export type Fields = Readonly<Record<string, unknown>>

export const fields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null ? (value as Fields) : undefined

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The text of a value that is sent as JSON, or of one that is text already. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined) return ''
  return JSON.stringify(value) ?? ''
}

/** The value at `path` below `root`. */
export function at(root: unknown, path: string): unknown {
  let value = root
  for (const key of path.split('.')) value = fields(value)?.[key]
  return value
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> => typeof fields(value)?.['then'] === 'function'
