import type { Category, Outcome } from '../model/span.ts'
import { Answers } from './answers.ts'
import { OpenCalls } from './open-calls.ts'
import { OpenTools } from './open-tools.ts'
import { HERE, type Place } from './place.ts'
import type { SpanRecord } from './recorder.ts'
import { areApart, CLIENT, likeness, mayBeOne, rankOf, sendTheSame, sendTwo } from './same-call.ts'
import type { SharedCall } from './shared-call.ts'

/**
 * One call, seen twice: by a framework's callback and by the client that it goes through, by a framework and by the OpenTelemetry
 * spans of what it is built on. It is recorded once. What tells that two are the same, from the surest down:
 *
 * - one began while the other was being sent, or inside the other's span;
 * - both send the same last message to the same model, from one branch of a run. One of them may not say so, but nothing may differ;
 * - both came to the same: the answer with the same id, or the same failure. That is known at the end only: then the outer span stays, as
 *   plain work of the framework. And two that were taken for one and have got two answers are two again.
 *
 * As long as nothing but clients is watched, hardly any of this is looked at; and then of all that is under way only what waits for
 * another observer is.
 */
export class Pairing {
  readonly #observers = new Set<string>([CLIENT])
  /** Calls of frameworks whose client was not seen yet. */
  readonly #waiting = new OpenCalls()
  /** Calls that one of several frameworks may see as well. */
  readonly #seen = new OpenCalls()
  readonly #answers = new Answers()
  readonly #tools = new OpenTools()
  /** The call whose request is handed to its client right now. */
  #sending: SharedCall | undefined
  /** Counts beginnings and ends of calls. */
  #moments = 0
  #lastEndOfClient = 0
  #openOfFrameworks = 0
  #lastEndOfFramework = 0
  /** For clients: one object, not one a call. */
  readonly #placeOfClients: Place = { isProvisional: () => !this.#waiting.isEmpty, decidesLate: true }

  /** An observer of this name will tell of calls. */
  expect(observer: string): void {
    this.#observers.add(observer)
  }

  /** Whether nobody else could see the same call. */
  get isAlone(): boolean {
    return this.#observers.size === 1
  }

  /** Whether frameworks may find each other's calls. */
  get #areSeveral(): boolean {
    return this.#observers.size > 2
  }

  /** Whether frameworks may find calls of clients. */
  get #hasOtel(): boolean {
    return this.#observers.has('otel')
  }

  add(call: SharedCall): void {
    if (this.isAlone) return
    call.beganAt = ++this.#moments
    if (call.observer === CLIENT ? this.#hasOtel : this.#areSeveral) this.#seen.add(call)
    if (call.observer === CLIENT) return
    this.#openOfFrameworks++
    this.#waiting.add(call)
    call.own.extend().call = call
  }

  /** The place of a call that begins now for `observer`, which may be one of those under way. */
  placeOf(observer: string, place: Place): Place {
    if (this.isAlone) return place
    if (observer === CLIENT && place === HERE) return this.#placeOfClients
    const open = observer === CLIENT ? this.#waiting : this.#seen
    return { ...place, isProvisional: () => !open.isEmpty, decidesLate: observer === CLIENT }
  }

  /** Whether no framework told of anything while this was under way. What OpenTelemetry tells may turn out to be a call at its end. */
  wasUnseen(call: SharedCall): boolean {
    if (this.isAlone) return true
    return call.observer === CLIENT && this.#openOfFrameworks === 0 && this.#lastEndOfFramework <= call.beganAt && !this.#hasOtel
  }

  /** Calls `fn`, which hands the request of `call` to its client. What begins in it is the same call. */
  whileSending<T>(call: SharedCall, fn: () => T): T {
    const outer = this.#sending
    this.#sending = call
    try {
      return fn()
    } finally {
      this.#sending = outer
    }
  }

  /** The call that is being sent right now, if one that begins for `observer` is that one. A client may be built on another. */
  sent(observer: string, category: Category): SharedCall | undefined {
    const call = this.#sending
    if (call === undefined) return undefined
    const isInner = observer === CLIENT && call.observer === CLIENT && call.category === category && call.span.open && !call.isBuiltOnAnother
    return isInner || isFree(call, observer, category) ? call : undefined
  }

  /** The call that `call` is, as far as its request tells, which is known now. */
  find(call: SharedCall): SharedCall | undefined {
    const open = call.observer === CLIENT ? this.#waiting : this.#seen
    if (open.isEmpty) return undefined
    const around = this.around(call)
    const inside = around !== undefined && isFree(around, call.observer, call.category) ? around : undefined
    if (inside !== undefined && sendTheSame(call, inside)) return inside
    const likeliest = open.likeliest(call.asked, (other) => this.#likeness(call, other))
    const isGuess = likeliest !== undefined && areApart(call, likeliest)
    if (inside !== undefined && (isGuess ? !sendTwo(call, inside) : likeliest === undefined || !sendTheSame(call, likeliest))) {
      if (mayBeOne(call, inside)) return inside
    }
    call.isGuess = isGuess || (call.observer !== CLIENT && likeliest?.observer !== CLIENT)
    return likeliest
  }

  /** What `call` sends is known, and nobody was found who sends it as well. */
  told(call: SharedCall): void {
    this.#waiting.told(call)
    this.#seen.told(call)
  }

  #likeness(call: SharedCall, other: SharedCall): number {
    if (other === call || !isFree(other, call.observer, call.category)) return 0
    // Frameworks come before what they are built on. Only OpenTelemetry's spans may be told of from further in.
    if (other.observer === CLIENT && rankOf(call.observer) > 0) return 0
    return likeness(call, other, call.observer === CLIENT && other.beganAt < this.#lastEndOfClient)
  }

  /** The call of a framework in whose span this one began, with nothing but steps between. */
  around(call: SharedCall): SharedCall | undefined {
    for (let up = call.around.parent; up !== undefined; up = up.parent) {
      const found = up.details?.call
      if (found?.isHost === true) return found
      if (up.category !== 'internal') return undefined
    }
    return undefined
  }

  /** `call` turned out to be `host`: it is looked for no more. */
  joined(call: SharedCall, host: SharedCall): void {
    this.#forget(call)
    host.around.extend().call = host
    if (call.observer === CLIENT) this.#waiting.delete(host)
  }

  /** What the client of `host` has sent has failed: it may be tried again. */
  waitsAgain(host: SharedCall): void {
    if (host.observer !== CLIENT && host.open) this.#waiting.add(host)
  }

  #forget(call: SharedCall): void {
    this.#waiting.delete(call)
    this.#seen.delete(call)
  }

  /** It is over, and looked for no more. */
  ended(call: SharedCall): void {
    this.#forget(call)
    if (call.observer === CLIENT) this.#lastEndOfClient = ++this.#moments
    else if (call.beganAt > 0) {
      this.#openOfFrameworks--
      this.#lastEndOfFramework = ++this.#moments
    }
  }

  /** What another observer has seen and came to the very same; where there is none yet, `call` is kept for others that come to it. */
  twin(call: SharedCall, outcome: Outcome): SharedCall | undefined {
    const key = keyOf(call, outcome)
    if (key === undefined) return undefined
    const found = this.#answers.take(key, call)
    if (found === undefined) this.#answers.keep(key, call, ++this.#moments)
    return found
  }

  /** A framework runs a tool: a recorded function of this name that is called meanwhile is that tool. Gives back the way to end it. */
  openTool(observer: string, span: SpanRecord, name: string, own: unknown): () => void {
    return this.#tools.open(observer, span, name, own)
  }

  /**
   * The span of the tool that this call of a function is, opened by another observer. Each is given once.
   * @param args what it is called with; undefined when that is not told
   */
  takeTool(observer: string, name: string, args: readonly unknown[] | undefined): SpanRecord | undefined {
    return this.isAlone ? undefined : this.#tools.take(observer, name, args)
  }
}

/** Whether it may be what `observer` sees, and does not see yet. What has ended, or whose run has, takes nothing up. */
const isFree = (call: SharedCall, observer: string, category: Category): boolean =>
  call.category === category && call.span.open && call.span.run.open && !call.isTakenBy(observer)

/** What tells of two calls at their end that they are one. */
function keyOf({ answerId, asked, isPaired }: SharedCall, outcome: Outcome): string | undefined {
  if (answerId !== undefined) return answerId
  return outcome.state === 'failed' && asked !== undefined && !isPaired ? `failed ${outcome.message}\n${asked.length}\n${asked.slice(-200)}` : undefined
}
