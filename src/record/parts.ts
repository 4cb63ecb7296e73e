import { hashText, type Part, type PartKind } from '../model/message.ts'

/** A part as an adapter reads it from a request or an answer. */
export interface PartDraft {
  readonly kind: PartKind
  readonly text: string
  readonly name?: string | undefined
  readonly callId?: string | undefined
  readonly media?: string | undefined
}

/** Reads one message, tool definition or block into parts. Called only when the object was not seen before, or has changed. */
export type ReadParts = (source: object) => readonly PartDraft[]

/**
 * Programs send their whole history again each turn, mostly the very same objects. So an object is read once and known by
 * its identity from then on; that it still says the same is checked by walking its primitive fields, which compares strings
 * by pointer and costs nanoseconds a field, however long the texts are.
 */
export class PartReader {
  readonly #known = new WeakMap<object, { readonly stamp: readonly unknown[]; readonly drafts: readonly PartDraft[] }>()

  read(source: object, read: ReadParts): readonly PartDraft[] {
    const known = this.#known.get(source)
    if (known !== undefined && sameStamp(source, known.stamp)) return known.drafts
    const drafts = read(source)
    this.#known.set(source, { stamp: takeStamp(source), drafts })
    return drafts
  }
}

const MAX_DEPTH = 6
const MAX_FIELDS = 400

function takeStamp(source: object): unknown[] {
  const stamp: unknown[] = []
  walk(source, 0, (value) => stamp.push(value) < MAX_FIELDS)
  return stamp
}

function sameStamp(source: object, stamp: readonly unknown[]): boolean {
  let at = 0
  const same = walk(source, 0, (value) => at < stamp.length && value === stamp[at++])
  return at === stamp.length && (same || at >= MAX_FIELDS)
}

/** Visits keys and primitive values in order; stops when `visit` says so. */
function walk(value: unknown, depth: number, visit: (value: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return visit(value)
  if (depth >= MAX_DEPTH) return visit(value)
  if (Array.isArray(value)) {
    if (!visit(value.length)) return false
    for (const item of value) if (!walk(item, depth + 1, visit)) return false
    return true
  }
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key]
    if (!visit(key) || !walk(field, depth + 1, visit)) return false
  }
  return true
}

/** The distinct parts of one run, in order of first appearance. */
export class PartStore {
  readonly #byDraft = new Map<PartDraft, number>()
  /** Keyed by the text itself: the engine compares long strings faster than any hash of ours could be computed. */
  readonly #byText = new Map<string, number[]>()
  readonly #max: number
  drafts: PartDraft[] = []
  dropped = 0

  constructor(max: number) {
    this.#max = max
  }

  /** The index of the part; -1 when the run has too many. */
  add(draft: PartDraft): number {
    const known = this.#byDraft.get(draft)
    if (known !== undefined) return known
    const index = this.#find(draft)
    if (index !== -1) this.#byDraft.set(draft, index)
    return index
  }

  #find(draft: PartDraft): number {
    let sameText = this.#byText.get(draft.text)
    if (sameText === undefined) this.#byText.set(draft.text, (sameText = []))
    for (const index of sameText) {
      const other = this.drafts[index]!
      if (other.kind === draft.kind && other.name === draft.name && other.callId === draft.callId) return index
    }
    if (this.drafts.length >= this.#max) {
      this.dropped++
      return -1
    }
    sameText.push(this.drafts.length)
    return this.drafts.push(draft) - 1
  }

  /** Frees the look-up tables once the run has ended. */
  close(): void {
    this.#byDraft.clear()
    this.#byText.clear()
  }
}

/** Equal drafts were hashed already when their objects are sent in another run. */
const hashes = new WeakMap<PartDraft, string>()

export function hashOf(draft: PartDraft): string {
  let hash = hashes.get(draft)
  if (hash === undefined) {
    hash = hashText(draft.text, hashSeed(draft))
    hashes.set(draft, hash)
  }
  return hash
}

function hashSeed({ kind, name, callId }: PartDraft): number {
  const label = `${kind}\n${name ?? ''}\n${callId ?? ''}`
  let seed = label.length
  for (let i = 0; i < label.length; i++) seed = Math.imul(seed ^ label.charCodeAt(i), 16777619)
  return seed
}

/** @param keepText whether the text itself is recorded */
export function toPart(draft: PartDraft, keepText: boolean): Part {
  const { kind, text, name, callId, media } = draft
  return {
    kind,
    hash: hashOf(draft),
    chars: text.length,
    ...(name !== undefined && { name }),
    ...(callId !== undefined && { callId }),
    ...(media !== undefined && { media }),
    ...(keepText && { text }),
  }
}
