import { Complaint } from './command.ts'
import { nearest } from './nearest.ts'

/** As few as four tell runs apart today; eight will tomorrow, when there are more. */
const MIN_CHARS = 8
/** What may be typed. */
const MIN_TYPED = 4

/** The shortest beginnings of ids, of at least eight characters, that tell them apart. */
export function handlesOf(ids: readonly string[], minChars: number = MIN_CHARS): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].sort()
  return new Map(sorted.map((id, i) => {
    const shared = Math.max(sharedChars(id, sorted[i - 1]), sharedChars(id, sorted[i + 1]))
    return [id, id.slice(0, Math.max(minChars, shared + 1))]
  }))
}

function sharedChars(a: string, b: string | undefined): number {
  let i = 0
  while (b !== undefined && i < a.length && a[i] === b[i]) i++
  return i
}

export interface Named {
  /** What a handle is the beginning of. */
  readonly keys: readonly string[]
  /** How it stands in a list of choices. */
  readonly label: string
}

const MAX_CHOICES = 8

/**
 * The one thing that a handle stands for; undefined when there is none.
 * @throws Complaint with the candidates when there are several
 */
export function byHandle<T extends Named>(handle: string, things: readonly T[], what: string): T | undefined {
  const typed = handle.toLowerCase()
  const exact = things.find(({ keys }) => keys.some((key) => key.toLowerCase() === typed))
  if (exact !== undefined) return exact
  const found = things.filter(({ keys }) => keys.some((key) => key.toLowerCase().startsWith(typed)))
  if (found.length > 0 && typed.length < MIN_TYPED) throw new Complaint(`${handle}: a handle has at least ${MIN_TYPED} characters`, ...choices(found))
  const isOne = new Set(found.map(({ keys }) => keys[0])).size === 1
  if (found.length > 1 && !isOne) throw new Complaint(`${handle} stands for ${found.length} ${what}; use more of its characters`, ...choices(found))
  return found[0]
}

/** A complaint that lists what there is, the nearest first. */
export function noSuch(handle: string, things: readonly Named[], message: string, ...hints: readonly string[]): Complaint {
  const near = nearest(handle, things.flatMap(({ keys }) => keys.map((key) => key.slice(0, Math.max(MIN_CHARS, handle.length)))))
  return new Complaint(near === undefined ? message : `${message}; did you mean ${near}?`, ...choices(things), ...hints)
}

function choices(things: readonly Named[]): string[] {
  const shown = things.slice(0, MAX_CHOICES).map(({ label }) => label)
  return things.length > MAX_CHOICES ? [...shown, `and ${things.length - MAX_CHOICES} more`] : shown
}
