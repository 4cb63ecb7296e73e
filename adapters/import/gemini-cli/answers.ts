import { at, text, type Fields } from '../../shared/json.ts'
import { objects } from '../shared/json-lines.ts'
import type { SessionClock } from '../shared/times.ts'

/** An answer of the model and the tools that it asked for. Times are epoch milliseconds. */
export interface Answer {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly tools: readonly Tool[]
  /** Keys of the tools whose results it was given. */
  readonly after: readonly string[]
  /** Absent: the file tells of it by its tools alone. */
  readonly message: Fields | undefined
  /** Of the message that holds its tools. */
  readonly model: string | undefined
}

export interface Tool {
  readonly key: string
  readonly start: number
  readonly end: number
  /** Several of the answer's tools have this very end: it is when the last of them was done. */
  readonly isBatch: boolean
  readonly call: Fields
}

interface Timed {
  readonly call: Fields
  readonly key: string
  readonly called: number | undefined
  readonly end: number
}

/**
 * The answers of one message. When an answer is nothing but calls of tools, the program adds them to the message before and drops its
 * tokens. A tool is called while the answer is still written, and none is run before its end: one whose call came after another had
 * ended is of a later answer.
 */
export function readAnswers(
  message: Fields, key: string, start: number, arrived: number, { after, clock }: { readonly after: readonly string[]; readonly clock: SessionClock },
): Answer[] {
  const calls = objects(message['toolCalls'])
  const ends = calls.map((call) => {
    const time = clock.read(call['timestamp'])
    return typeof time === 'number' ? time : arrived
  })
  const last = Math.max(arrived, ...ends)
  const all = calls.map((call, i): Timed => ({ call, key: `${key} tool ${i}`, called: calledAt(call, start, last), end: ends[i]! }))
  const [first, ...later] = batches(all)
  const answers = [firstAnswer(message, key, start, arrived, last, first ?? [], after)]
  for (const [i, batch] of later.entries()) {
    const before = answers.at(-1)!
    const from = Math.max(before.end, ...before.tools.map(({ end }) => end))
    const begun = batch.map(({ called }) => Math.max(from, called ?? from))
    answers.push({
      key: `${key} answer ${i + 2}`, start: from, end: Math.min(...begun), tools: toolsOf(batch, begun),
      after: before.tools.map((tool) => tool.key), message: undefined, model: text(message['model']),
    })
  }
  return answers
}

function firstAnswer(
  message: Fields, key: string, start: number, arrived: number, last: number, batch: readonly Timed[], after: readonly string[],
): Answer {
  // What ended after the message has begun after it, if nothing says more.
  const begun = batch.map(({ called, end }) => called ?? (end > arrived ? arrived : last))
  return { key, start, end: Math.min(arrived, ...begun), tools: toolsOf(batch, begun), after, message, model: text(message['model']) }
}

function batches(all: readonly Timed[]): Timed[][] {
  const found: Timed[][] = []
  let ended = Infinity
  for (const one of all) {
    if (found.length === 0 || (one.called !== undefined && one.called > ended)) {
      found.push([])
      ended = Infinity
    }
    found.at(-1)!.push(one)
    ended = Math.min(ended, one.end)
  }
  return found
}

function toolsOf(batch: readonly Timed[], begun: readonly number[]): Tool[] {
  const times = new Map<number, number>()
  for (const { end } of batch) times.set(end, (times.get(end) ?? 0) + 1)
  return batch.map(({ call, key, end }, i) => ({ key, call, start: begun[i]!, end: Math.max(begun[i]!, end), isBatch: times.get(end)! > 1 }))
}

/** `read_file-1764625560264-22036414d7d65`: the time of the call is in its id. */
function calledAt(call: Fields, earliest: number, latest: number): number | undefined {
  const time = Number(/-(\d{13})-/.exec(text(call['id'])?.slice(0, 200) ?? '')?.[1])
  return time >= earliest && time <= latest ? time : undefined
}

/** Tools that ask the user, by the names in the program's list of tools. */
const ASKING: ReadonlySet<string> = new Set(['ask_user', 'exit_plan_mode', 'enter_plan_mode'])

/** What a tool's time was spent on; a consent that was given is not in the file. */
export function waitsFor(call: Fields): 'person' | 'agent' | undefined {
  const name = text(call['name']) ?? ''
  if (call['status'] === 'cancelled' || ASKING.has(name)) return 'person'
  return name === 'delegate_to_agent' || /^\s*Subagent \S+ Finished\b/.test(text(at(call, 'resultDisplay'))?.slice(0, 200) ?? '') ? 'agent' : undefined
}
