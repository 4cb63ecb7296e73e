import { isPartial } from '../model/marks.ts'
import type { Span, Trace } from '../model/span.ts'
import type { Call } from './calls.ts'
import { isContinued } from './context-layout.ts'
import { giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'

/** Which request each one goes on from. Arrays are indexed like the calls. */
export interface Conversations {
  /** -1 where none is known. */
  readonly previous: Int32Array
  /** The first call of its conversation, and the next one of it after each call; -1 after the last. */
  readonly first: Int32Array
  readonly next: Int32Array
  /** Whether both requests are known whole, so that they can be compared part by part. */
  readonly isComparable: readonly boolean[]
}

const NONE: readonly number[] = Object.freeze([])
/** How far back a request's parts are looked for among those of the same parent. */
const MAX_BACK = 4

/**
 * The request that a call goes on from is one that had ended when it began:
 *
 * - by the id of the answer that the server keeps;
 * - the last call whose answer it carries; but a later one of the same parent when the request shares messages with that and is
 *   not simply longer than the former (a message of it was edited, so that its answers are not recognised);
 * - of a transcript, only calls of the same conversation or agent: answers can be alike by chance;
 * - where no parts are known, the call before it in the same conversation or agent of an imported transcript.
 */
export function conversationsOf(trace: Trace, timeline: Timeline, calls: readonly Call[]): Conversations {
  const previous = ints(calls.length).fill(-1)
  const first = Int32Array.from(calls, (_, i) => i)
  const isComparable = calls.map(() => false)
  const finder = new Finder(trace, timeline, calls)
  calls.forEach((call, i) => {
    if (call.isEmbedding || call.llm === undefined || call.unanswered) return
    const found = finder.before(i)
    if (found !== undefined) {
      previous[i] = found
      first[i] = first[found]!
      isComparable[i] = call.request.length > 0 && calls[found]!.request.length > 0
        && !isContinued(timeline, call) && !isContinued(timeline, calls[found]!)
    }
    finder.remember(i)
  })
  finder.done()
  return { previous, first, next: nextOf(first), isComparable }
}

function nextOf(first: Int32Array): Int32Array {
  const next = ints(first.length).fill(-1)
  const last = first.map((_, i) => i)
  for (let i = 0; i < first.length; i++) {
    const conversation = first[i]!
    if (conversation === i) continue
    next[last[conversation]!] = i
    last[conversation] = i
  }
  return next
}

/** Calls come in order of start. */
class Finder {
  readonly #trace: Trace
  readonly #timeline: Timeline
  readonly #calls: readonly Call[]
  /** Last call that answered with a part. */
  readonly #answers: Answers
  /** Of transcripts, by conversation or agent. */
  readonly #threadAnswers = new Map<string | undefined, Answers>()
  readonly #byResponseId = new Map<string, number>()
  /** The last call with parts of each span, and that of the same parent before each call; -1: none. */
  readonly #lastBelow: Int32Array
  readonly #before: Int32Array
  /** The last calls without parts, by conversation. */
  readonly #byThread = new Map<string, number>()
  readonly #threads = new Map<number, string | undefined>()

  constructor(trace: Trace, timeline: Timeline, calls: readonly Call[]) {
    this.#trace = trace
    this.#timeline = timeline
    this.#calls = calls
    this.#answers = new Answers(trace.parts.length)
    this.#lastBelow = ints(timeline.spans.length).fill(-1)
    this.#before = ints(calls.length).fill(-1)
  }

  /** Nobody asks any more. */
  done(): void {
    giveBack(this.#lastBelow)
  }

  before(i: number): number | undefined {
    const previousId = this.#span(i).attributes?.['gen_ai.request.previous_response.id']
    if (typeof previousId === 'string') {
      const found = this.#byResponseId.get(previousId)
      if (found !== undefined) return this.#ended(found, i) ? found : undefined
    }
    const parts = this.#calls[i]!.request
    if (parts.length === 0) {
      const thread = this.#threadOf(this.#calls[i]!.span)
      const last = thread === undefined ? undefined : this.#byThread.get(thread)
      return last !== undefined && this.#ended(last, i) ? last : undefined
    }
    const answered = this.#lastAnswered(parts, i)
    if (answered !== undefined && isPrefix(this.#calls[answered]!.request, parts)) return answered
    return this.#sharing(parts, i, answered ?? -1) ?? answered
  }

  remember(i: number): void {
    const { llm, request } = this.#calls[i]!
    const answers = this.#answersFor(i)
    const answered = llm?.responseParts ?? NONE
    for (let at = 0; at < answered.length; at++) answers.set(answered[at]!, i)
    if (llm?.responseId !== undefined) this.#byResponseId.set(llm.responseId, i)
    if (request.length === 0) {
      const thread = this.#threadOf(this.#calls[i]!.span)
      if (thread !== undefined) this.#byThread.set(thread, i)
      return
    }
    const parent = this.#timeline.parent[this.#calls[i]!.span]!
    if (parent === -1) return
    this.#before[i] = this.#lastBelow[parent]!
    this.#lastBelow[parent] = i
  }

  #lastAnswered(parts: readonly number[], i: number): number | undefined {
    const answers = this.#answersFor(i)
    for (let at = parts.length - 1; at >= 0; at--) {
      const found = answers.get(parts[at]!)
      if (found !== undefined && this.#ended(found, i)) return found
    }
    return undefined
  }

  #answersFor(i: number): Answers {
    if (!isPartial(this.#span(i))) return this.#answers
    const thread = this.#threadOf(this.#calls[i]!.span)
    let answers = this.#threadAnswers.get(thread)
    if (answers === undefined) this.#threadAnswers.set(thread, (answers = new Answers(0)))
    return answers
  }

  /** The last call of the same parent, after that one, with more than a message in common. */
  #sharing(parts: readonly number[], i: number, after: number): number | undefined {
    const parent = this.#timeline.parent[this.#calls[i]!.span]!
    let earlier = parent === -1 ? -1 : this.#lastBelow[parent]!
    let messages: Set<number> | undefined
    for (let back = 0; back < MAX_BACK && earlier > after; back++) {
      messages ??= new Set(parts.filter((part) => this.#isMessage(part)))
      const had = messages
      if (this.#ended(earlier, i) && this.#mayGoOn(earlier, i) && this.#calls[earlier]!.request.some((part) => had.has(part))) return earlier
      earlier = this.#before[earlier]!
    }
    return undefined
  }

  #mayGoOn(earlier: number, i: number): boolean {
    return !isPartial(this.#span(i)) || this.#threadOf(this.#calls[earlier]!.span) === this.#threadOf(this.#calls[i]!.span)
  }

  #isMessage(part: number): boolean {
    const kind = this.#trace.parts[part]?.kind
    return kind !== undefined && kind !== 'system' && kind !== 'tool-definition'
  }

  #ended(earlier: number, i: number): boolean {
    return this.#timeline.end[this.#calls[earlier]!.span]! <= this.#timeline.start[this.#calls[i]!.span]!
  }

  #span(call: number): Span {
    return this.#timeline.spans[this.#calls[call]!.span]!
  }

  /** The nearest span above that names a conversation or an agent of its own. */
  #threadOf(span: number): string | undefined {
    const { spans, parent } = this.#timeline
    const path: number[] = []
    let found: string | undefined
    for (let at = span; at !== -1; at = parent[at]!) {
      if (this.#threads.has(at)) {
        found = this.#threads.get(at)
        break
      }
      path.push(at)
      const { attributes, id } = spans[at]!
      if (attributes?.['gen_ai.agent.id'] !== undefined || attributes?.['gen_ai.conversation.id'] !== undefined) {
        found = id
        break
      }
    }
    for (const at of path) this.#threads.set(at, found)
    return found
  }
}

/** Whether a list goes on as another one begins. */
function isPrefix(before: readonly number[], after: readonly number[]): boolean {
  if (before.length > after.length) return false
  for (let at = 0; at < before.length; at++) if (before[at] !== after[at]) return false
  return true
}

/** The last call that answered with each part. Parts that the trace does not have are kept apart. */
class Answers {
  readonly #calls: Int32Array
  readonly #others = new Map<number, number>()

  constructor(parts: number) {
    this.#calls = ints(parts).fill(-1)
  }

  get(part: number): number | undefined {
    const call = this.#calls[part]
    if (call === undefined) return this.#others.get(part)
    return call === -1 ? undefined : call
  }

  set(part: number, call: number): void {
    if (this.#calls[part] === undefined) this.#others.set(part, call)
    else this.#calls[part] = call
  }
}
