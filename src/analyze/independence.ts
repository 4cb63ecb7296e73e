import type { SpanValues } from '../model/values.ts'
import { ancestryOf, forgetAncestry, type Ancestry } from './ancestry.ts'
import type { Dependencies } from './dependencies.ts'
import { remembered } from './remembered.ts'
import { bytes, floats, giveBack } from './room.ts'
import type { Timeline } from './timeline.ts'
import { nature } from './tool-uses.ts'

/**
 * What the values of the texts prove about siblings of which one ran after the other: B could have begun when A did if
 *
 * - all of B's input had been seen somewhere when A began, and nothing of it stands in what A, or anything inside A, put out;
 * - all that A and what is inside it put out was looked at;
 * - no call of a model began between the two, which could have decided on B after it had read A's result;
 * - nothing that B needed from elsewhere came after A's beginning;
 * - neither is named like something that writes or runs commands, nor A like something that decides whether to go on;
 * - no chain of proven needs leads from A to B.
 *
 * What it cannot see, and what is said with every finding: side effects, and a program that decides by A's result whether to run B.
 */
export interface Independence {
  /** The time from which on siblings began that the span need not have waited for; Infinity: nothing is proven. */
  readonly freeFrom: Float64Array
  /** Whether later siblings may be free of it. */
  readonly canBeSkipped: Uint8Array
  /** Siblings that have something in common with a span's input, each once; most often it is one. */
  readonly shares: ReadonlyMap<number, readonly number[]>
  /** Parents that have a child with a finite `freeFrom`. */
  readonly parents: Uint8Array
}

/** Names of what is asked before something else may happen, or must have happened. */
const DECIDERS = new Set(('check verify validate guard guardrail moderate moderation authorize auth authenticate permission permit allowed classify '
  + 'route router confirm login connect init setup open begin lock wait sleep plan decide should ensure assert').split(' '))

const decides: (name: string) => boolean = remembered((name) =>
  name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z]+/).some((word) => DECIDERS.has(word)))

const NO_IDS: readonly string[] = Object.freeze([])

export function independence(
  timeline: Timeline, values: readonly (SpanValues | undefined)[], { outerEnd }: Dependencies,
): Independence {
  const { spans, start, end, parent, children: { first, all }, topDown } = timeline
  const freeFrom = floats(spans.length).fill(Infinity)
  const canBeSkipped = bytes(spans.length)
  const parents = bytes(spans.length)
  const shares = new Map<number, readonly number[]>()
  const proven: Independence = { freeFrom, canBeSkipped, shares, parents }
  if (outerEnd === undefined || values.every((own) => own === undefined)) return proven

  const traits = traitsOf(timeline)
  const seen = bytes(spans.length)
  for (let at = topDown.length - 1; at >= 0; at--) {
    const i = topDown[at]!
    let isSeen = values[i]?.seen === true
    for (let place = first[i]!; isSeen && place < first[i + 1]!; place++) isSeen = seen[all[place]!] === 1
    seen[i] = isSeen ? 1 : 0
    canBeSkipped[i] = isSeen && (traits[i]! & (PLAIN | DECIDER)) === PLAIN && end[i]! > start[i]! ? 1 : 0
  }
  const { siblings } = ancestryOf(timeline)
  let lastCall = -Infinity
  let pending: number[] = []
  for (let i = 0; i < spans.length; i++) {
    // Calls that began before this one; those of the same instant cannot have told it anything.
    if (pending.length > 0) {
      for (const call of pending) if (start[call]! < start[i]!) lastCall = Math.max(lastCall, start[call]!)
      pending = pending.filter((call) => start[call]! >= start[i]!)
    }
    if ((traits[i]! & CALL) !== 0) pending.push(i)
    const own = (traits[i]! & (PLAIN | MODEL)) === PLAIN ? values[i] : undefined
    if (own?.knownAt === undefined || own.shares === 'all' || parent[i] === -1) continue
    const common = commonWith(own.shares ?? NO_IDS, i, timeline, siblings)
    if (common === undefined) continue
    if (common.length > 0) shares.set(i, common)
    freeFrom[i] = Math.max(own.knownAt, lastCall, outerEnd[i]!)
    parents[parent[i]!] = 1
  }
  giveBack(traits, seen)
  forgetAncestry(timeline)
  return proven
}

const NOTHING: readonly number[] = Object.freeze([])

/** The siblings that spans of these ids are, or lie in. Undefined when one is not in the trace: what it has in common with that cannot be placed. */
function commonWith(ids: readonly string[], i: number, { byId }: Timeline, siblings: Ancestry['siblings']): readonly number[] | undefined {
  let common: number[] | undefined
  for (const id of ids) {
    const other = byId.get(id)
    if (other === undefined) return undefined
    const pair = siblings(other, i)
    if (pair?.[1] !== i) continue
    if (common === undefined) common = [pair[0]]
    else if (!common.includes(pair[0])) common.push(pair[0])
  }
  return common ?? NOTHING
}

const PLAIN = 1
const DECIDER = 2
const MODEL = 4
const CALL = 8

/** What a span's name says, and whether it is a call of a model, or has details of one. */
function traitsOf({ spans, kinds, kind, models, tools }: Timeline): Uint8Array {
  const ofName = (name: string): number => (nature(name) === 'other' ? PLAIN : 0) | (decides(name) ? DECIDER : 0)
  const ofKind = kinds.map(({ name, category }) => ofName(name) | (category === 'llm' ? CALL : 0))
  const traits = bytes(spans.length)
  for (let i = 0; i < traits.length; i++) traits[i] = ofKind[kind[i]!]!
  for (let at = 0; at < tools.length; at++) {
    const i = tools[at]!
    const { name } = spans[i]!.tool!
    if (name !== kinds[kind[i]!]!.name) traits[i] = (traits[i]! & CALL) | ofName(name)
  }
  for (let at = 0; at < models.length; at++) traits[models[at]!]! |= MODEL | CALL
  return traits
}

/** Whether the values prove that `b` need not have waited for its sibling `a`, but for chains of needs between them. */
export function isFreeOf({ start }: Timeline, { freeFrom, canBeSkipped, shares }: Independence, a: number, b: number): boolean {
  return canBeSkipped[a] === 1 && start[a]! >= freeFrom[b]! && shares.get(b)?.includes(a) !== true
}

/** More spans than this are kept in a set. */
const FEW = 16
/** Spans of a chain that are looked at. */
const MAX_CHAIN = 200

/** Whether a chain of proven needs leads from `a` to its later sibling `b`; undefined when there are too many to look at. */
export function leadsTo({ start }: Timeline, { needs }: Pick<Dependencies, 'needs'>, a: number, b: number): boolean | undefined {
  let isChain = false
  for (let at = needs.first[b]!; at < needs.first[b + 1]!; at++) {
    if (needs.all[at] === a) return true
    if (start[needs.all[at]!]! >= start[a]!) isChain = true
  }
  if (!isChain) return false
  const queue = [b]
  let known: Set<number> | undefined
  for (let head = 0; head < queue.length; head++) {
    if (head > MAX_CHAIN) return undefined
    for (let at = needs.first[queue[head]!]!; at < needs.first[queue[head]! + 1]!; at++) {
      const needed = needs.all[at]!
      if (needed === a) return true
      // Needs lead backwards in time.
      if (start[needed]! < start[a]! || (known === undefined ? queue.includes(needed) : known.has(needed))) continue
      queue.push(needed)
      if (known !== undefined) known.add(needed)
      else if (queue.length > FEW) known = new Set(queue)
    }
  }
  return false
}
