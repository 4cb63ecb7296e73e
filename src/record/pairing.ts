import type { Category } from '../model/span.ts'
import { currentSpan, innermost } from './context.ts'
import type { LlmCall } from './llm-call.ts'
import type { Place } from './place.ts'
import { sameArguments, type SpanRecord } from './recorder.ts'

/** The observer that sees a call in the client itself. It knows most about it. */
export const CLIENT = 'client'

const MAX_ANSWERED = 1_000
/** Calls and tools that never end must not be kept for ever. */
const MAX_OPEN = 10_000
/** Of those that do not send the very same, so many of the latest are read through for it. */
const MAX_READ = 64

interface OpenTool {
  readonly span: SpanRecord
  readonly observer: string
  readonly name: string
  /** As a text or as the value; undefined when the framework does not tell. */
  readonly own: unknown
  isTaken: boolean
}

/**
 * One call, seen twice: by a framework's callback and by the client that it goes through, by a framework and by the OpenTelemetry
 * spans of what it is built on. It is recorded once. What tells that two are the same, from the surest down:
 *
 * - one began inside the other's span, or while the other was being sent;
 * - both send the same last message, or one does not say what it sends and both ask the same model;
 * - both got the answer with the same id. Known at the end only: then the outer span stays, as plain work of the framework.
 *
 * As long as nothing but clients is watched, none of this is looked at.
 */
export class Pairing {
  readonly #observers = new Set<string>([CLIENT])
  readonly #open = new Set<LlmCall>()
  readonly #answered = new Map<string, LlmCall>()
  readonly #tools = new Set<OpenTool>()
  /** The call whose request is handed to its client right now. */
  #sending: LlmCall | undefined

  /** An observer of this name will tell of calls. */
  expect(observer: string): void {
    this.#observers.add(observer)
  }

  /** Whether nobody else could see the same call. */
  get isAlone(): boolean {
    return this.#observers.size === 1
  }

  add(call: LlmCall): void {
    if (this.isAlone) return
    if (this.#open.size >= MAX_OPEN) for (const oldest of this.#open) { this.#open.delete(oldest); break }
    this.#open.add(call)
  }

  /** Whether a call that begins now for `observer` may be one of those under way. */
  mayBeKnown(observer: string, category: Category): boolean {
    if (this.isAlone) return false
    for (const call of this.#open) if (isFree(call, observer, category)) return true
    return false
  }

  /** Calls `fn`, which hands the request of `call` to its client. What begins in it is the same call. */
  whileSending<T>(call: LlmCall, fn: () => T): T {
    if (this.isAlone) return fn()
    const outer = this.#sending
    this.#sending = call
    try {
      return fn()
    } finally {
      this.#sending = outer
    }
  }

  /** The call that one which begins here is, as far as its place tells. */
  byPlace(observer: string, category: Category, { parent }: Place): LlmCall | undefined {
    if (this.isAlone) return undefined
    const sending = this.#sending
    if (sending !== undefined && isFree(sending, observer, category)) return sending
    const around = innermost(currentSpan(), parent)
    for (const call of this.#open) if (call.span === around && isFree(call, observer, category)) return call
    return undefined
  }

  /** The call that `call` is, as far as its request tells. */
  byRequest(call: LlmCall): LlmCall | undefined {
    if (this.isAlone) return undefined
    const possible: LlmCall[] = []
    for (const other of this.#open) {
      if (other === call || !isFree(other, call.observer, call.category) || !isPossible(call, other)) continue
      // Of thousands under way most send something else, which is told at once.
      if (call.asked !== undefined && call.asked === other.asked) return other
      possible.push(other)
    }
    let best: LlmCall | undefined
    let bestScore = 0
    for (const other of possible.slice(-MAX_READ)) {
      const score = likeness(call, other)
      if (score > bestScore) [best, bestScore] = [other, score]
    }
    return best
  }

  /** @returns the call of another observer that got the very same answer, and is not known to be this one */
  ended(call: LlmCall): LlmCall | undefined {
    this.#open.delete(call)
    const { responseId } = call.draft
    if (this.isAlone || responseId === undefined || call.isPaired) return undefined
    const known = this.#answered.get(responseId)
    if (known !== undefined && known.observer !== call.observer && !known.isPaired && known.category === call.category) return known
    if (this.#answered.size >= MAX_ANSWERED) for (const oldest of this.#answered.keys()) { this.#answered.delete(oldest); break }
    this.#answered.set(responseId, call)
    return undefined
  }

  /** A framework runs a tool: a recorded function of this name that is called meanwhile is that tool. Gives back the way to end it. */
  openTool(observer: string, span: SpanRecord, name: string, own: unknown): () => void {
    const tool: OpenTool = { span, observer, name, own, isTaken: false }
    if (this.#tools.size >= MAX_OPEN) for (const oldest of this.#tools) { this.#tools.delete(oldest); break }
    this.#tools.add(tool)
    return () => void this.#tools.delete(tool)
  }

  /**
   * The span of the tool that this call of a function is, opened by another observer. Each is given once.
   * @param own what it is called with; undefined when that is not told
   */
  takeTool(observer: string, name: string, own: readonly unknown[] | undefined): SpanRecord | undefined {
    if (this.isAlone) return undefined
    // A framework that is asked where it is may tell of the tool only now.
    const current = currentSpan()
    let found: OpenTool | undefined
    for (const tool of this.#tools) {
      if (tool.isTaken || tool.observer === observer || tool.name !== name || !tool.span.open) continue
      if (tool.span === current) {
        found = tool
        break
      }
      if (current !== undefined && !isWithin(tool.span, current)) continue
      if (found === undefined || (!isCalledWith(found, own) && isCalledWith(tool, own))) found = tool
    }
    if (found !== undefined) found.isTaken = true
    return found?.span
  }
}

function isCalledWith({ own }: OpenTool, args: readonly unknown[] | undefined): boolean {
  if (own === undefined || args === undefined) return false
  const text = typeof own === 'string' ? own : JSON.stringify(own)
  return text !== undefined && sameArguments(text, args)
}

/** Whether it may be what `observer` sees: not seen by it yet, and one of the two is no client. */
const isFree = (call: LlmCall, observer: string, category: Category): boolean =>
  call.observer !== observer && call.category === category && call.span.open && !call.isTakenBy(observer)

/** Calls of different runs are different, unless one has no run but its own. */
const isPossible = (a: LlmCall, b: LlmCall): boolean =>
  a.span.run === b.span.run || a.span.parent === undefined || b.span.parent === undefined

/** 0: not the same. */
function likeness(a: LlmCall, b: LlmCall): number {
  if (a.asked !== undefined && b.asked !== undefined) {
    const [long, short] = a.asked.length > b.asked.length ? [a.asked, b.asked] : [b.asked, a.asked]
    return short.length >= LEAST_CHARS && long.includes(short) ? 2 : 0
  }
  const [one, other] = [a.draft.requestModel, b.draft.requestModel]
  return (one === undefined || other === undefined || one === other) && isBelow(a, b) ? 1 : 0
}

/** What a client sends from another branch of the run, such as a check that runs meanwhile, is not what the framework asks for. */
function isBelow(a: LlmCall, b: LlmCall): boolean {
  const [client, framework] = a.observer === CLIENT ? [a, b] : [b, a]
  const { parent, run } = client.span
  return client.observer !== CLIENT || parent === undefined || run !== framework.span.run || isWithin(framework.span, parent)
}

const LEAST_CHARS = 8

function isWithin(span: SpanRecord, around: SpanRecord): boolean {
  for (let up: SpanRecord | undefined = span; up !== undefined; up = up.parent) if (up === around) return true
  return false
}
