import { isSumOf } from './llm-draft.ts'
import type { SpanRecord } from './recorder.ts'
import type { SharedCall } from './shared-call.ts'

/**
 * What tells that two observers see one and the same call, as far as it is known when the second of them has told its request: what is
 * sent, to which model, and from where.
 */

/** The observer that sees a call in the client itself. It knows most about it. */
export const CLIENT = 'client'

/** OpenTelemetry's spans know least: often neither what was sent nor what came back. */
export const rankOf = (observer: string): number => (observer === CLIENT ? 2 : observer === 'otel' ? 0 : 1)

const LEAST_CHARS = 8

const EQUAL_TEXT = 3
const TEXT_INSIDE = 2
const TEXT_UNTOLD = 1
const OTHER_TEXT = 0

function textLikeness({ asked: a }: SharedCall, { asked: b }: SharedCall): number {
  if (a === undefined || b === undefined) return TEXT_UNTOLD
  if (a === b) return EQUAL_TEXT
  const [long, short] = a.length > b.length ? [a, b] : [b, a]
  return short.length >= LEAST_CHARS && long.includes(short) ? TEXT_INSIDE : OTHER_TEXT
}

const SAME_MODEL = 2
const MODEL_UNTOLD = 1
const OTHER_MODEL = 0

function modelLikeness({ draft: { requestModel: a } }: SharedCall, { draft: { requestModel: b } }: SharedCall): number {
  if (a === undefined || b === undefined) return MODEL_UNTOLD
  return a === b || withoutPath(a) === withoutPath(b) ? SAME_MODEL : OTHER_MODEL
}

/** Gateways and providers put their own name before a model's: `openai/gpt-4o`, `models/gemini-2.5-flash`. */
const withoutPath = (model: string): string => model.slice(model.lastIndexOf('/') + 1)

const SAME_PARENT = 3
const ON_ONE_BRANCH = 2
/** One of them has no context, and so no run but its own. */
const NOWHERE = 1
const ELSEWHERE = 0

function nearness(a: SharedCall, b: SharedCall): number {
  if (a.own.run !== b.own.run) {
    if (a.own.parent !== undefined && b.own.parent !== undefined) return ELSEWHERE
    // What a client sends from inside a run belongs there, whoever else is under way without one.
    return [a, b].some(({ observer, own }) => observer === CLIENT && own.parent !== undefined) ? ELSEWHERE : NOWHERE
  }
  if (a.own.parent === b.own.parent) return SAME_PARENT
  const [inner, outer] = a.observer === CLIENT ? [b.own, a.own] : [a.own, b.own]
  if (isIn(inner, outer.parent) || isInside(outer.parent, inner)) return ON_ONE_BRANCH
  return a.observer !== CLIENT && b.observer !== CLIENT && isIn(outer, inner.parent) ? ON_ONE_BRANCH : ELSEWHERE
}

const isIn = (span: SpanRecord, around: SpanRecord | undefined): boolean => around !== undefined && isWithin(span, around)

/**
 * @param isQueued the context of one of them may be that of other work: what waits in a queue goes on where something else has ended
 * @returns 0 when they are two; the likelier that they are one the more
 */
export function likeness(call: SharedCall, other: SharedCall, isQueued: boolean): number {
  const model = modelLikeness(call, other)
  if (model === OTHER_MODEL) return 0
  const near = nearness(call, other)
  if (near === ELSEWHERE && (model !== SAME_MODEL || !isQueued)) return 0
  const text = textLikeness(call, other)
  if (text === OTHER_TEXT || (near === ELSEWHERE && text !== EQUAL_TEXT)) return 0
  // Where nothing is told that could be compared, only the place speaks for it.
  if (text === TEXT_UNTOLD && model === MODEL_UNTOLD && near !== SAME_PARENT) return 0
  return text * 100 + model * 10 + near
}

/** Whether they come from places that have nothing to do with each other. */
export const areApart = (call: SharedCall, other: SharedCall): boolean => nearness(call, other) === ELSEWHERE

/** None can be likelier. */
export const SURE: number = EQUAL_TEXT * 100 + SAME_MODEL * 10 + SAME_PARENT

/** Whether a call that was sent right inside the span of another may be that one. Only one that says other things to another model is not. */
export const mayBeOne = (call: SharedCall, other: SharedCall): boolean =>
  modelLikeness(call, other) !== OTHER_MODEL || sendTheSame(call, other)

/** Whether both say what they send, and it is not the same. */
export const sendTwo = (call: SharedCall, other: SharedCall): boolean => textLikeness(call, other) === OTHER_TEXT

/** Whether both say what they send, and it is the same. */
export const sendTheSame = (call: SharedCall, other: SharedCall): boolean => textLikeness(call, other) >= TEXT_INSIDE

/** Whether their answers are known to be two: they have ids of one kind, and not the same. */
function haveTwoAnswers({ answerId: a }: SharedCall, { answerId: b }: SharedCall): boolean {
  return a !== undefined && b !== undefined && a !== b && kindOf(a) !== undefined && kindOf(a) === kindOf(b)
}

/** Whether two that were taken for one cannot be, now that both have ended: one of them has an answer that the other has not. */
export function areTwo(guest: SharedCall, host: SharedCall): boolean {
  if (haveTwoAnswers(guest, host)) return true
  // A client that was refused is tried again, unless what asked it was over by then.
  if (guest.hasFailed) return guest.observer === CLIENT && guest.isLate && !host.hasFailed && host.answerId !== undefined
  if (!host.hasFailed || guest.answerId === undefined) return false
  return guest.isGuess || (host.observer === CLIENT && host.answerId === undefined)
}

/** Whether a call in whose span the others were made is one beside them, and not told of in other words. */
export function isBesideOthers(call: SharedCall, others: readonly SharedCall[]): boolean {
  const { answerId, draft: { usage } } = call
  if (others.length === 0) return true
  if (answerId !== undefined && others.some((other) => other.answerId === answerId)) return false
  if (answerId !== undefined && others.every((other) => haveTwoAnswers(call, other))) return true
  return usage !== undefined && !isSumOf(usage, others.map(({ draft }) => draft.usage))
}

/** `chatcmpl` of `chatcmpl-9x`. Frameworks make up ids of their own where they are told none. */
const kindOf = (id: string): string | undefined => /^([a-z]+)[-_]/i.exec(id)?.[1]

export function isWithin(span: SpanRecord, around: SpanRecord): boolean {
  for (let up: SpanRecord | undefined = span; up !== undefined; up = up.parent) if (up === around) return true
  return false
}

/** Whether only steps lie between: what a tool or an agent does in a call is work of its own. */
function isInside(span: SpanRecord | undefined, around: SpanRecord): boolean {
  for (let up = span; up !== undefined; up = up.parent) {
    if (up === around) return true
    if (up.category !== 'internal') return false
  }
  return false
}
