import { OK, type Category, type Outcome } from '../model/span.ts'
import type { LlmCallStart } from './llm-call.ts'
import { fill, shiftTimes, takeOver, unfill } from './llm-draft.ts'
import type { Profiler } from './profiler.ts'
import type { LlmDraft, SpanRecord } from './recorder.ts'
import { areTwo, CLIENT, isBesideOthers, rankOf } from './same-call.ts'

/** Calls of other things in one call, by which it is known whether it made one of its own. More of them tell no more. */
const MAX_INNER = 100

/**
 * A call of a model as far as several observers may see it: in whose span it stands, and whose words stand there. Which two are one
 * is found out in pairing.ts.
 */
export class SharedCall {
  readonly draft: LlmDraft
  readonly observer: string
  readonly category: Category
  /** The last text that is sent, by which two observers of one call know it. */
  asked: string | undefined
  /** Its place in the order in which calls begin and end. */
  beganAt = 0
  /** What it was taken for was found elsewhere than where it was sent from, or is only alike. */
  isGuess = false
  /** Its client is built on another one, which sees it too. */
  isBuiltOnAnother = false
  /** The span that it has for itself. It counts for nothing while the call stands in that of another observer. */
  own: SpanRecord
  readonly #profiler: Profiler
  readonly #isMute: boolean
  /** The call of another observer in whose span this one is. */
  #host: SharedCall | undefined
  /** Of those in its span the one whose words stand there, where that is not itself. */
  #lead: SharedCall | undefined
  /** Of observers that see this same call, or saw it to a good end. One that saw it fail may see it tried again. */
  readonly #guests = new Map<string, SharedCall>()
  #hadGuests = false
  /** Calls that are not this one, and were made inside of it. */
  readonly #inner: SharedCall[] = []
  /** What was done around it, where that includes such calls. */
  #outer: SpanRecord | undefined
  #hasSent = false
  /** It made no call beside those that it holds. */
  #isNone = false
  /** What stands in its draft and is not of its own. */
  #filled: Partial<LlmDraft> | undefined
  #outcome: Outcome | undefined
  #endedMs = -1
  /** What it stands in was over before it. */
  isLate = false

  /** @param host the call that this is, seen by another observer */
  constructor(profiler: Profiler, span: SpanRecord, { provider, operation, api, category, observer = CLIENT, isMute = false }: LlmCallStart, host?: SharedCall) {
    this.#isMute = isMute
    this.#profiler = profiler
    this.own = span
    this.observer = observer
    this.category = category
    this.draft = { provider, operation, api, streamed: false }
    if (host !== undefined) this.#join(host)
    else span.extend().llm = this.draft
  }

  /** That of another observer when both see the same call. */
  get span(): SpanRecord {
    return this.#host === undefined ? this.own : this.#host.span
  }

  /** What is current in it. */
  get around(): SpanRecord {
    return this.#outer ?? this.own
  }

  /** Whether what is read still belongs to it: until it ends, and once more after `endEarly`. */
  get open(): boolean {
    return this.#outcome === undefined
  }

  get hasFailed(): boolean {
    return this.#outcome?.state === 'failed'
  }

  /** Whether another observer is known to see it too, or has seen it. */
  get isPaired(): boolean {
    return this.#host !== undefined || this.#hadGuests
  }

  /** Whether its span is its own. */
  get isHost(): boolean {
    return this.#host === undefined
  }

  /** Whether that observer sees it already, in its own call or in the one that it is. */
  isTakenBy(observer: string): boolean {
    return this.#first.observer === observer || this.#first.#guests.has(observer)
  }

  /** Whether what it reads stands in its span: the client's word goes before that of a framework. */
  get leads(): boolean {
    return this.span.details?.llm === this.draft
  }

  /** What it sends is known: it is found out whether another observer sees it as well. @param asked the last text of it */
  sends(asked: string | undefined): void {
    const { pairs } = this.#profiler
    this.asked = asked || this.asked
    // What is told of it later is no sign: others send the same by then.
    if (this.#hasSent) return
    this.#hasSent = true
    // A client may have been seen further in before it looks for the framework around it.
    if (this.#host === undefined && (!this.#hadGuests || this.observer === CLIENT)) {
      const twin = pairs.find(this)
      if (twin !== undefined) this.#join(twin)
      else {
        pairs.told(this)
        this.#standApart()
      }
    }
    // One that does not say what it sends is known by what its client sent, when it tries again.
    if (this.#host !== undefined) this.#host.asked ??= this.asked
  }

  #join(other: SharedCall): void {
    const host = other.#first
    if (other.observer === CLIENT && this.observer === CLIENT) other.isBuiltOnAnother = true
    for (const guest of [...this.#guests.values(), this]) {
      guest.#host = host
      if (guest.own !== host.own) guest.around.standsIn = host.around
      host.#guests.set(guest.observer, guest)
    }
    this.#guests.clear()
    host.#hadGuests = true
    const details = host.span.extend()
    const before = details.llm
    const lead = host.#lead ?? host
    if (before === undefined || rankOf(this.observer) >= rankOf(lead.observer)) {
      // A framework that tries again makes several calls of the client: attempts of its one.
      if (before !== undefined && lead.observer === this.observer) this.draft.attempts = [...(before.attempts ?? []), ...(this.draft.attempts ?? [])]
      host.#lead = this
      details.llm = this.draft
      if (this.draft.requestModel !== undefined) host.span.name = this.own.name
    }
    // Something is below it already: it stays as what was done around that.
    if (this.own !== host.own && this.own.isListed) demote(this.own)
    this.#profiler.pairs.joined(this, host)
  }

  /** It was taken for what another observer sees, and has got an answer of its own. */
  #part(host: SharedCall): void {
    const { own } = this
    this.#host = undefined
    this.around.standsIn = undefined
    this.#unfill()
    host.#lose(this)
    if (own.run !== host.own.run) shiftTimes(this.draft, own.run.sinceStart(0) - host.own.run.sinceStart(0))
    own.category = this.category
    own.extend().llm = this.draft
    this.leadsAgain()
    this.#profiler.list(own)
    own.end(this.#outcome, own.run.sinceStart(this.#endedMs))
    for (const call of host.#inner.splice(0)) (this.#profiler.pairs.around(call) ?? host).#hold(call)
    this.#standApart()
    host.#judge()
    this.#findTwin()
    host.#findTwin()
  }

  /** Looks for what came to the very same. */
  #findTwin(): void {
    if (this.#outcome === undefined || this.#isNone || this.#isConfirmed) return
    // In the span of another, a client may have been taken for the wrong one; what a framework is, is found when it parts from that.
    if (this.#host !== undefined && this.observer !== CLIENT) return
    const twin = this.#profiler.pairs.twin(this, this.#outcome)
    if (twin !== undefined && !twin.#isNone && twin.#first !== this.#first) this.#meet(twin)
  }

  get #first(): SharedCall {
    return this.#host ?? this
  }

  /** Whether what it stands in, or its own client, came to the same. */
  get #isConfirmed(): boolean {
    const other = this.#host ?? this.#guests.get(CLIENT)
    return this.answerId !== undefined && other?.open === false && other.answerId === this.answerId
  }

  #meet(twin: SharedCall): void {
    const lesser = rankOf(twin.observer) < rankOf(this.observer) ? twin : this
    const other = lesser === this ? twin : this
    if (lesser.#host !== undefined) return
    if (other.observer !== CLIENT || other.#isConfirmed) return lesser.#yield()
    if (other.#host !== undefined) return other.#goesTo(lesser, other.#host)
    // What its client has sent out of a queue, in the context of other work, comes to where the framework says that it belongs.
    if (other.own.run !== lesser.own.run && other.own.run.open && lesser.own.run.open) lesser.#takeOver(other)
    else lesser.#yield()
  }

  #lose(guest: SharedCall): void {
    if (this.#guests.get(guest.observer) === guest) this.#guests.delete(guest.observer)
    this.#hadGuests = this.#guests.size > 0
    if (this.#lead === guest) this.#findLead()
    this.#fillLead()
    if (guest.observer === CLIENT) this.#profiler.pairs.waitsAgain(this)
  }

  /** The one that stands there, and is under way, is that of the framework which this leaves, or of yet another. */
  #goesTo(host: SharedCall, from: SharedCall): void {
    const there = host.#guests.get(CLIENT)
    this.#moveTo(host)
    if (there?.open === true && from.open) there.#moveTo(from)
  }

  /** Adds to what its lead knows what only the others do. */
  #fillLead(): void {
    const lead = this.#lead ?? this
    lead.#unfill()
    if (this.#guests.size === 0 && lead === this) return
    for (const one of [this, ...this.#guests.values()]) {
      if (one !== lead && !one.open) lead.#filled = { ...lead.#filled, ...fill(lead.draft, one.draft) }
    }
  }

  #unfill(): void {
    if (this.#filled !== undefined) unfill(this.draft, this.#filled)
    this.#filled = undefined
  }

  /** The id of the answer that it has seen itself. */
  get answerId(): string | undefined {
    const { responseId } = this.draft
    return responseId === this.#filled?.responseId ? undefined : responseId
  }

  /** The one that knew most of it was another call. */
  #findLead(): void {
    let lead: SharedCall | undefined
    for (const guest of this.#guests.values()) if (rankOf(guest.observer) >= rankOf((lead ?? this).observer)) lead = guest
    this.#lead = lead
    if (this.#isNone) return
    const { draft } = lead ?? this
    this.span.extend().llm = draft
    ;(lead ?? this).leadsAgain()
    if (draft.requestModel !== undefined) this.span.name = draft.requestModel
  }

  #standApart(): void {
    const around = this.#profiler.pairs.around(this)
    if (around !== undefined) around.#hold(this)
  }

  /** A call of another thing was made inside of it, as by a middleware that asks a model too: both are parts of what is done here. */
  #hold(call: SharedCall): void {
    if (this.#inner.length < MAX_INNER) this.#inner.push(call)
    if (this.#outer !== undefined || this.#isNone) return
    const outer = this.own
    const own = outer.run.begin(outer, undefined, outer.name, outer.category, undefined, true)
    if (own === undefined) return
    own.start = outer.start
    own.extend().llm = outer.details?.llm ?? this.draft
    demote(outer)
    this.#outer = outer
    this.own = own
    if (this.#outcome === undefined) return
    this.#judge()
    own.end(outer.outcome, outer.ended)
  }

  /** Of one that holds others: whether it made a call of a model beside theirs. */
  get #isCallOfItsOwn(): boolean {
    return this.#lead?.observer === CLIENT || isBesideOthers(this, this.#inner.filter(({ category }) => category === this.category))
  }

  /** It is over: it is known whether it is one with another, and whether it counts. */
  over(outcome: Outcome): void {
    this.#outcome = outcome
    this.isLate = this.#host?.open === false
    this.#endedMs = this.own.run.owner.clock.now()
    if (this.#mayBeSeenTwice) {
      if (!this.#hasSent && this.#host === undefined) this.#standApart()
      this.#partFromOthers()
    }
    this.show()
    this.#judge()
  }

  /** Its span counts. Of one that holds others that is known at its end. */
  show(): void {
    const host = this.#first
    if (host.#outer === undefined) this.#profiler.list(host.own)
  }

  /** What it did beside the calls that it holds counts if it made one of its own. */
  #judge(): void {
    if (this.#outer === undefined || this.#host !== undefined || this.open) return
    if (this.#isCallOfItsOwn) return this.#profiler.list(this.own)
    this.#yield()
  }

  /** The call is that of another span: this one is what was done around it. */
  #yield(): void {
    this.#isNone = true
    demote(this.own)
  }

  get #mayBeSeenTwice(): boolean {
    return this.isPaired || !this.#profiler.pairs.wasUnseen(this)
  }

  /** Those that were taken for one and have two answers are two; or each is one with another. */
  #partFromOthers(): void {
    const host = this.#first
    if (host.open || host.#guests.size === 0) return
    for (const guest of this === host ? [...host.#guests.values()] : [this]) {
      if (guest.#first !== host || guest.open || guest.own === host.own || !areTwo(guest, host)) continue
      const right = guest.observer === CLIENT && host.#outcome !== undefined ? this.#profiler.pairs.twin(host, host.#outcome) : undefined
      if (right !== undefined && guest.#changesPlaces(right)) continue
      guest.#part(host)
      if (right !== undefined) host.#meet(right)
    }
  }

  /** Of calls that send the same at the same time nothing tells which is which before their answers are there. */
  #changesPlaces(other: SharedCall): boolean {
    const [mine, its] = [this.#host, other.#host]
    if (mine === undefined || its === undefined || mine.#lead !== this || its.#lead !== other) return false
    this.#moveTo(its)
    other.#moveTo(mine)
    return true
  }

  #moveTo(host: SharedCall): void {
    const from = this.#host
    this.#host = host
    const { pairs } = this.#profiler
    if (from !== undefined) from.#lose(this)
    pairs.joined(this, host)
    host.#lead = this
    host.#guests.set(this.observer, this)
    host.#hadGuests = true
    if (this.own !== host.own) this.around.standsIn = host.around
    const details = host.span.extend()
    if (from !== undefined && host.own.run !== from.own.run) {
      shiftTimes(this.draft, host.own.run.sinceStart(0) - from.own.run.sinceStart(0))
      details.llm = host.draft
      host.leadsAgain()
      if (host.draft.request !== undefined) this.draft.request = host.draft.request
    }
    details.llm = this.draft
    host.#fillLead()
  }

  /** Puts what several observers know together, and ends the spans. @param at nanoseconds of its run, where the end is learned late */
  settle(at: number | undefined): void {
    const outcome = this.#outcome ?? OK
    if (this.#mayBeSeenTwice) this.#putTogether(outcome)
    const host = this.#host
    const { own, span } = this
    if (!span.open) span.extendEnd()
    if (own.open && (host === undefined || (own !== span && own.isListed))) own.end(outcome, at)
    this.#outer?.end(outcome, at)
    if (host === undefined) return
    // A stream that its reader left: frameworks are not told of it, and would leave their call open.
    const isLeft = outcome.state === 'cancelled' && this.observer === CLIENT
    if (isLeft || (outcome.state === 'failed' && host.#isMute)) host.end(outcome)
  }

  #putTogether(outcome: Outcome): void {
    const { pairs } = this.#profiler
    const host = this.#host
    this.#first.#fillLead()
    if (host !== undefined && outcome.state === 'failed') {
      host.#guests.delete(this.observer)
      if (this.observer === CLIENT) pairs.waitsAgain(host)
    }
    pairs.ended(this)
    this.#findTwin()
  }

  #takeOver({ own }: SharedCall): void {
    const told = own.details?.llm
    demote(own)
    if (told !== undefined) takeOver(this.draft, told, this.own.run.sinceStart(0) - own.run.sinceStart(0))
  }

  /** What it has read stands in its span after all. */
  leadsAgain(): void {}

  /** Overridden by what else is to be done at its end. */
  end(outcome: Outcome = OK, at?: number): void {
    this.over(outcome)
    this.settle(at)
  }
}

/** It turned out that a client tells of the call in a span of its own: this one is what the framework did around it. */
function demote(span: SpanRecord): void {
  span.category = 'internal'
  delete span.details?.llm
  if (!span.open && span.isListed) span.run.owner.sink?.ended(span)
}
