import { hashPart, type Part, type PartKind } from '../model/message.ts'
import type { LlmDraft } from './recorder.ts'

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

/** One request of a run: what it shares with the request before it, and what comes after. */
export interface LoggedRequest {
  readonly of: LlmDraft
  keep: number
  tail: readonly (PartDraft | Part)[]
}

/**
 * The requests of one run in the order in which they were sent. A request mostly is the one before it and a bit more, so
 * each is kept as that bit: a conversation costs its own length. Equal parts get their common index when the trace is read.
 */
export class RequestLog {
  readonly entries: LoggedRequest[] = []
  /** The parts of the last request. */
  #last: readonly PartDraft[] = []

  /**
   * @param parts all parts of the request, in order
   * @returns those that the request before it had not
   */
  add(of: LlmDraft, parts: readonly PartDraft[]): readonly PartDraft[] {
    const last = this.#last
    let keep = 0
    while (keep < parts.length && keep < last.length && isSame(last[keep]!, parts[keep]!)) keep++
    const tail = keep === 0 ? parts : parts.slice(keep)
    this.#last = parts
    this.entries.push({ of, keep, tail })
    return tail
  }

  /** Frees what only recording needs. */
  close(): void {
    this.#last = []
  }
}

const isSame = (a: PartDraft, b: PartDraft): boolean =>
  a === b || (a.text.length === b.text.length && a.kind === b.kind && a.name === b.name && a.callId === b.callId && a.text === b.text)

/** Drafts whose objects are sent in many runs are hashed once, and the runs share what is kept of them. */
const kept = new WeakMap<PartDraft, Part>()

/** What is recorded of a part without its text. */
export function toPart(draft: PartDraft): Part {
  let part = kept.get(draft)
  if (part === undefined) {
    const { kind, text, name, callId, media } = draft
    part = {
      kind,
      hash: hashPart(draft),
      chars: text.length,
      ...(name !== undefined && { name }),
      ...(callId !== undefined && { callId }),
      ...(media !== undefined && { media }),
    }
    kept.set(draft, part)
  }
  return part
}
