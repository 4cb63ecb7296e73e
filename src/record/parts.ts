import { hashPart, hashSeed, TextHash, type Part, type PartKind } from '../model/message.ts'
import { RecentLists, type PartList } from '../model/part-list.ts'

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
  #last: WeakRef<readonly PartDraft[]> | undefined
  readonly #known = new WeakMap<object, { readonly stamp: readonly unknown[]; readonly drafts: readonly PartDraft[] }>()

  read(source: object, read: ReadParts): readonly PartDraft[] {
    const known = this.#known.get(source)
    if (known !== undefined && sameStamp(source, known.stamp)) return known.drafts
    const drafts = read(source)
    this.#known.set(source, { stamp: takeStamp(source), drafts })
    return drafts
  }

  /** The list itself, or the last one if it is the same: calls that send the same again share it. */
  shared(parts: readonly PartDraft[]): readonly PartDraft[] {
    const last = this.#last?.deref()
    if (last?.length === parts.length && last.every((part, index) => part === parts[index])) return last
    this.#last = new WeakRef(parts)
    return parts
  }
}

const MAX_DEPTH = 6
const MAX_FIELDS = 400

function takeStamp(source: object): unknown[] {
  const stamp: unknown[] = []
  walk(source, 0, (value) => stamp.push(value) < MAX_FIELDS)
  return stamp
}

/** The same walk without a call per value: it runs over the whole history at each turn. */
function sameStamp(source: object, stamp: readonly unknown[]): boolean {
  const end = compare(source, stamp, 0, 0)
  return end === stamp.length || (end > 0 && stamp.length >= MAX_FIELDS)
}

/** @returns the place in the stamp after `value`; -1 when it differs, or the stamp ends before it */
function compare(value: unknown, stamp: readonly unknown[], from: number, depth: number): number {
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return stamp[from] === value && from < stamp.length ? from + 1 : -1
  let at = from
  if (Array.isArray(value)) {
    if (stamp[at++] !== value.length) return -1
    for (let i = 0; i < value.length; i++) {
      at = compare(value[i], stamp, at, depth + 1)
      if (at === -1 || at >= MAX_FIELDS) return at
    }
    return at
  }
  for (const key in value) {
    if (stamp[at++] !== key) return -1
    at = compare((value as Record<string, unknown>)[key], stamp, at, depth + 1)
    if (at === -1 || at >= MAX_FIELDS) return at
  }
  return at
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

/** One request of a run: what it shares with one before it, and what comes after. */
export interface LoggedRequest {
  readonly base: LoggedRequest | undefined
  readonly keep: number
  tail: readonly (PartDraft | Part)[]
  /** Its parts by their numbers in the run's file. */
  numbers?: PartList
}

/**
 * The requests of one run in the order in which they were sent. A request mostly is the one before it in the same
 * conversation and a bit more, so each is kept as that bit: a conversation costs its own length. Equal parts get their
 * common index when the trace is read.
 */
export class RequestLog {
  readonly entries: LoggedRequest[] = []
  readonly #recent = new RecentLists<PartDraft, LoggedRequest>(isSame)

  /** @param parts all parts of the request, in order */
  add(parts: readonly PartDraft[]): LoggedRequest {
    const entry = this.#recent.add(parts, (base, keep) => ({ base, keep, tail: keep === 0 ? parts : parts.slice(keep) }))
    this.entries.push(entry)
    return entry
  }

  /** Frees what only recording needs. */
  close(): void {
    this.#recent.clear()
  }
}

const isSame = (a: PartDraft, b: PartDraft): boolean =>
  a === b || (a.text.length === b.text.length && a.kind === b.kind && a.name === b.name && a.callId === b.callId && a.text === b.text)

/** Drafts whose objects are sent in many runs are hashed once, and the runs share what is kept of them. */
const kept = new WeakMap<PartDraft, Part>()

/** What is recorded of a part without its text. */
export function toPart(draft: PartDraft): Part {
  return kept.get(draft) ?? keep(draft, hashPart(draft))
}

function keep(draft: PartDraft, hash: string): Part {
  const { kind, text, name, callId, media } = draft
  const part = {
    kind,
    hash,
    chars: text.length,
    ...(name !== undefined && { name }),
    ...(callId !== undefined && { callId }),
    ...(media !== undefined && { media }),
  }
  kept.set(draft, part)
  return part
}

/** Hashes that are under way. */
const begun = new WeakMap<PartDraft, { readonly hash: TextHash; at: number }>()

/**
 * Hashes parts that are not hashed yet, up to about so many characters.
 * @returns the characters that are left of `chars`; 0 when not all parts are done
 */
export function hashAhead(parts: readonly (PartDraft | Part)[], chars: number): number {
  let left = chars
  for (const part of parts) {
    if ('hash' in part || kept.has(part)) continue
    if (left <= 0) return 0
    const { text } = part
    const work = begun.get(part) ?? { hash: new TextHash(hashSeed(part)), at: 0 }
    const to = Math.min(text.length, work.at + left)
    work.hash.add(text, work.at, to)
    left -= to - work.at
    work.at = to
    if (to < text.length) {
      begun.set(part, work)
      return 0
    }
    begun.delete(part)
    keep(part, work.hash.digest())
  }
  return Math.max(left, 1)
}
