import type { Part } from '../../src/model/message.ts'
import { OK, OPEN, type Span, type Trace } from '../../src/model/span.ts'
import type { SpanValues } from '../../src/model/values.ts'
import { seeded } from './random.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const MS = 1e6

/** A trace with what must come out of it, known from how it was made. Pairs are `from to` of span ids. */
export interface Known {
  readonly trace: Trace
  /** ns on the critical path, by span id. */
  readonly wall: ReadonlyMap<string, number>
  readonly dependent: ReadonlySet<string>
  readonly independent: ReadonlySet<string>
  /** Pairs that a value or a chain of needs connects; none of them may ever be called independent. */
  readonly connected: ReadonlySet<string>
  readonly provenNs: number
  readonly possibleNs: number
  readonly durationNs: number
}

export interface KnownOptions {
  /** Texts, in which the values have to be found, or the values as a recording notes them. */
  readonly as: 'texts' | 'values'
  /** Spans in any order. */
  readonly shuffled?: boolean
  /** The root and the last span without an end. */
  readonly open?: boolean
  /** Each time is wrong by up to this, ns; gaps are at least 1 ms. */
  readonly jitterNs?: number
}

/**
 * A run of several phases, one after another, each of one of three kinds:
 *
 * - a workflow: steps one after another. Each needs at most one earlier step, whose output gives it a value of its own, and may have a
 *   plain word in common with another. A step waits, as far as can be proven, for all that had begun before the step that it needs
 *   had ended, and for those that it has a word in common with;
 * - a conversation: calls that ask for tools, which run one after another, and calls that carry their results;
 * - a fan-out: steps of different lengths side by side, all needed by none.
 */
export function knownTrace(seed: number, { as, shuffled = false, open = false, jitterNs = 0 }: KnownOptions): Known {
  const made = new Maker(seed, as, jitterNs)
  const root = made.span('agent', undefined, 0)
  const phases: { readonly length: number; readonly proven: number; readonly possible: number }[] = []
  const intro = made.call('intro', root, made.time, 5 * MS, made.words.map((word) => made.part('user', word)))
  let own = 0
  const count = 1 + made.upTo(3)
  for (let i = 0; i < count; i++) {
    own += made.gap()
    phases.push(made.phase(root, `phase${i}`))
  }
  made.end(root, made.time)
  made.wall.set(root.id, own)
  made.wall.set(intro.id, intro.end! - intro.start)
  const first = intro.end! - intro.start
  const spans = made.finish(open)
  const [head, ...rest] = spans
  if (shuffled) for (let i = rest.length - 1; i > 0; i--) {
    const other = made.upTo(i)
    ;[rest[i], rest[other]] = [rest[other]!, rest[i]!]
  }
  return {
    trace: {
      id: TRACE_ID, name: 'known', startedAtEpochMs: Date.UTC(2026, 10, 1), spans: [head!, ...rest], parts: made.parts,
      dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
    },
    wall: made.wall, dependent: made.dependent, independent: made.independent, connected: made.connected(), durationNs: made.time,
    provenNs: own + first + phases.reduce((sum, { proven }) => sum + proven, 0),
    // Nothing is known of what phases and the intro have to do with each other.
    possibleNs: own + Math.max(first, ...phases.map(({ possible }) => possible)),
  }
}

type Draft = { -readonly [K in keyof Span]: Span[K] }

interface Step {
  readonly span: Draft
  readonly length: number
  /** The place of the step that it needs, or -1; and of one with which it has a word in common. */
  readonly needs: number
  readonly shares: number
}

class Maker {
  readonly wall = new Map<string, number>()
  readonly dependent = new Set<string>()
  readonly independent = new Set<string>()
  readonly parts: Part[] = []
  readonly words: readonly string[]
  time = 0
  readonly #common = new Set<string>()
  readonly #random: () => number
  readonly #as: KnownOptions['as']
  readonly #spans: Draft[] = []
  readonly #jitterNs: number
  #calls = 0

  constructor(seed: number, as: KnownOptions['as'], jitterNs: number) {
    this.#random = seeded(seed)
    this.#as = as
    this.#jitterNs = jitterNs
    this.words = Array.from({ length: 14 }, (_, i) => `${'bcdfghklmnprst'[i]}${this.#letters(5)}`)
  }

  upTo = (most: number): number => Math.floor(this.#random() * (most + 1))

  /** The agent's own time between things: time passes. */
  gap(): number {
    const length = (1 + this.upTo(3)) * MS
    this.time += length
    return length
  }

  span(name: string, parent: Draft | undefined, start: number): Draft {
    const span: Draft = {
      id: (this.#spans.length + 1).toString(16).padStart(16, '0'), traceId: TRACE_ID, name, start, outcome: OK,
      category: parent === undefined ? 'agent' : 'internal', ...(parent !== undefined && { parentId: parent.id }),
    }
    this.#spans.push(span)
    return span
  }

  end(span: Draft, at: number): void {
    span.end = at
  }

  part(kind: Part['kind'], text: string, callId?: string): number {
    const hash = (this.parts.length + 1).toString(16).padStart(16, '0')
    return this.parts.push({ kind, hash, chars: text.length, ...(this.#as === 'texts' && { text }), ...(callId !== undefined && { callId }) }) - 1
  }

  call(name: string, parent: Draft, start: number, length: number, request: readonly number[], asked: readonly string[] = []): Draft {
    const span = this.span(name, parent, start)
    span.category = 'llm'
    span.llm = {
      provider: 'openai', operation: 'chat', api: 'chat.completions', streamed: false, requestModel: 'm', requestParts: request,
      responseParts: [this.part('assistant', `thought ${this.#letters(9)}`), ...asked.map((id) => this.part('tool-call', '{}', id))],
      toolCalls: asked.map((id) => ({ id, name: id, argumentsChars: 2 })),
    }
    this.end(span, this.time = start + length)
    return span
  }

  /** What lies inside has its own best times. */
  phase(root: Draft, name: string): { length: number; proven: number; possible: number } {
    const span = this.span(name, root, this.time)
    const kinds = [() => this.#workflow(span), () => this.#conversation(span), () => this.#fanOut(span)]
    const from = this.time
    const { proven, possible } = kinds[this.upTo(2)]!()
    this.end(span, this.time)
    return { length: this.time - from, proven, possible }
  }

  #workflow(parent: Draft): { proven: number; possible: number } {
    const steps: Step[] = []
    let own = 0
    const count = 2 + this.upTo(6)
    for (let i = 0; i < count; i++) {
      if (i > 0) own += this.gap()
      steps.push(this.#step(parent, i, steps))
    }
    this.wall.set(parent.id, own)
    const proven: number[] = []
    const possible: number[] = []
    steps.forEach(({ span, length, needs, shares }, i) => {
      for (let j = 0; j < i; j++) {
        const pair = `${steps[j]!.span.id} ${span.id}`
        if (j === needs) this.dependent.add(pair)
        else if (j > needs && j !== shares) this.independent.add(pair)
        if (j === shares) this.#common.add(pair)
      }
      const waits = steps.slice(0, i).flatMap((_, j) => (j <= needs || j === shares ? [proven[j]!] : []))
      proven.push(Math.max(0, ...waits) + length)
      possible.push((possible[needs] ?? 0) + length)
    })
    return { proven: own + Math.max(...proven), possible: own + Math.max(...possible) }
  }

  #step(parent: Draft, place: number, before: readonly Step[]): Step {
    const needs = place > 0 && this.#random() < 0.5 ? this.upTo(place - 1) : -1
    const free = place - needs - 1
    const shares = free > 0 && this.#random() < 0.3 ? needs + 1 + this.upTo(free - 1) : -1
    const word = this.words[place]!
    const taken = before[shares]
    const length = (2 + this.upTo(40)) * MS
    const needed = before[needs]
    const value = needed === undefined ? '' : ` ${outputOf(needed.span)}`
    const args = `${word}${taken === undefined ? '' : ` ${this.words[shares]!}`}${value}`
    const span = this.#tool(parent, `step${place}`, length, args, {
      knownAt: needed?.span.end ?? 0,
      ...(needed !== undefined && { from: [{ spanId: needed.span.id, kind: 'identifier', count: 1 }] }),
      ...((needed !== undefined || taken !== undefined) && { shares: [needed, taken].flatMap((one) => one?.span.id ?? []) }),
      // The word of a step stands in its output.
    }, word)
    return { span, length, needs, shares }
  }

  #tool(parent: Draft, name: string, length: number, args: string, values: SpanValues, word = ''): Draft {
    const span = this.span(name, parent, this.time)
    span.category = 'tool'
    span.tool = { name, ...(this.#as === 'texts' && { arguments: args, result: JSON.stringify({ [`k${this.upTo(9)}`]: [word, outputOf(span)] }) }) }
    if (this.#as === 'values') span.values = { ...values, seen: true }
    this.end(span, this.time += length)
    this.wall.set(span.id, length)
    return span
  }

  #conversation(parent: Draft): { proven: number; possible: number } {
    let own = 0
    let best = 0
    const carried: number[] = [this.part('user', this.#letters(8))]
    let results: { readonly span: Draft; readonly id: string }[] = []
    let previous: Draft | undefined
    const turns = 1 + this.upTo(2)
    for (let turn = 0; turn <= turns; turn++) {
      if (turn > 0) own += this.gap()
      const asked = turn === turns ? [] : Array.from({ length: 1 + this.upTo(3) }, () => `call${this.#calls++}`)
      carried.push(...results.map(({ id }) => this.part('tool-result', '"x"', id)))
      const length = (2 + this.upTo(30)) * MS
      const call = this.call('llm', parent, this.time, length, carried.slice(), asked)
      this.wall.set(call.id, length)
      for (const needed of [...(previous === undefined ? [] : [previous]), ...results.map(({ span }) => span)]) this.dependent.add(`${needed.id} ${call.id}`)
      carried.push(...call.llm!.responseParts!)
      previous = call
      results = []
      let longest = 0
      for (const id of asked) {
        own += this.gap()
        const span = this.#tool(parent, 'lookup', (2 + this.upTo(30)) * MS, `${this.words[this.upTo(9)]!}`, {})
        span.tool = { ...span.tool!, callId: id, issuedBy: call.id }
        if (this.#as === 'values') delete span.values
        this.dependent.add(`${call.id} ${span.id}`)
        for (const other of results) this.independent.add(`${other.span.id} ${span.id}`)
        results.push({ span, id })
        longest = Math.max(longest, span.end! - span.start)
      }
      best += length + longest
    }
    this.wall.set(parent.id, own)
    return { proven: own + best, possible: own + best }
  }

  #fanOut(parent: Draft): { proven: number; possible: number } {
    const from = this.time
    const lengths = Array.from({ length: 2 + this.upTo(4) }, (_, i) => (10 + 7 * i + this.upTo(6)) * MS)
    lengths.sort(() => this.#random() - 0.5)
    const longest = Math.max(...lengths)
    for (const length of lengths) {
      this.time = from
      const span = this.#tool(parent, 'fan', length, this.#letters(7), {})
      // Of the others no time is on the path.
      if (length !== longest) this.wall.delete(span.id)
    }
    this.time = from + longest
    this.wall.set(parent.id, 0)
    return { proven: longest, possible: longest }
  }

  connected(): ReadonlySet<string> {
    const needs = new Map<string, string[]>()
    for (const pair of this.dependent) {
      const [from = '', to = ''] = pair.split(' ')
      needs.set(to, [...(needs.get(to) ?? []), from])
    }
    const found = new Set(this.#common)
    for (const { id } of this.#spans) {
      const queue = [id]
      for (const one of queue) for (const from of needs.get(one) ?? []) if (!queue.includes(from)) queue.push(from)
      for (const from of queue.slice(1)) found.add(`${from} ${id}`)
    }
    return found
  }

  /** @param open without the ends that the run's own end gives again */
  finish(open: boolean): readonly Span[] {
    const jittered = (time: number): number => Math.max(0, time + Math.round((this.#random() * 2 - 1) * this.#jitterNs))
    return this.#spans.map((span, i): Span => {
      const isLast = span.end === this.time && span.tool === undefined && span.llm === undefined
      const { end, ...rest } = span
      if (open && isLast) return { ...rest, outcome: OPEN }
      return this.#jitterNs === 0 || i === 0 ? span : { ...rest, start: jittered(span.start), end: Math.max(jittered(span.start), jittered(end!)) }
    })
  }

  #letters(count: number): string {
    return Array.from({ length: count }, () => 'abcdefghijklmnopqrstuvwxyz'[this.upTo(25)]).join('')
  }
}

/** A value that no other step has. */
const outputOf = ({ id }: Draft): string => `ref_${Number.parseInt(id, 16) + 4711}a8${Number.parseInt(id, 16) * 7919 % 9973}`
