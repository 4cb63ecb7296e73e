import type { Part, PartKind } from '../src/model/message.ts'
import { OK, type Attempt, type LlmDetail, type Outcome, type Span, type Trace } from '../src/model/span.ts'
import { inputInclusive, outputInclusive } from '../src/model/usage.ts'

const MS = 1e6
const MODELS = ['gpt-5-mini', 'gpt-5', 'gpt-4.1'] as const
const TOOLS = ['search_kb', 'get_orders', 'fetch_page', 'run_query', 'read_file'] as const
const TURNS_PER_AGENT = 12
const FAILED: Outcome = { state: 'failed', type: 'TimeoutError', message: 'took too long' }

/**
 * A run as a recorder would have left it: an agent that starts agents one after another; each has a conversation of 12 turns,
 * and a turn is a call of a model with usage, parts and times of its tokens, and the tools that it asked for, side by side,
 * some of them with steps of their own below. Five levels. The same size gives the same trace.
 * @param count spans, at least 2
 * @param shuffled gives the spans in another order
 */
export function largeTrace(count: number, shuffled = false): Trace {
  const builder = new Builder(count)
  const root = builder.span('researcher', 'agent', undefined, 0, 0)
  let now = 1 * MS
  for (let agent = 0; !builder.full; agent++) now = builder.agent(root, now, agent)
  builder.end(root, now)
  // In order of start, the root first, as a recorder leaves them.
  const spans = builder.spans.sort((a, b) => a.start - b.start)
  if (shuffled) shuffle(spans, builder.random)
  return {
    id: 'a'.repeat(32), name: 'researcher', startedAtEpochMs: Date.UTC(2026, 10, 1), spans, parts: builder.parts,
    dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
  }
}

/**
 * One conversation of `calls` calls whose requests each carry `tokens` tokens in a few hundred parts, most of them those of before.
 * @param counted with the texts and without the provider's counts, so that all tokens have to be counted
 */
export function longConversation(calls: number, tokens: number, counted = false): Trace {
  const builder = new Builder(Number.MAX_SAFE_INTEGER)
  const root = builder.span('assistant', 'agent', undefined, 0, 0)
  const context = [builder.part('system', 8_000), ...TOOLS.map((name) => builder.part('tool-definition', 1_200, name))]
  const turns = 300
  for (let i = 0; i < turns; i++) context.push(builder.part(i % 2 === 0 ? 'user' : 'assistant', (tokens * 4) / turns))
  let now = 1 * MS
  for (let turn = 0; turn < calls; turn++) {
    const call = builder.call(root, now, turn, context, 2, tokens)
    now = call.end
    const ends = call.asked.map(({ id, name }) => builder.tool(root, call.id, now, id, name))
    context.push(...call.answer, ...call.asked.map(({ id, name }) => builder.part('tool-result', 1_500, name, id)))
    now = Math.max(...ends) + 1 * MS
  }
  builder.end(root, now)
  const { spans, parts } = counted ? uncounted(builder) : builder
  return {
    id: 'b'.repeat(32), name: 'assistant', startedAtEpochMs: Date.UTC(2026, 10, 1), spans, parts,
    dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
  }
}

function uncounted({ spans, parts, random }: Pick<Builder, 'spans' | 'parts' | 'random'>): { readonly spans: readonly Span[]; readonly parts: readonly Part[] } {
  return {
    spans: spans.map((span): Span => {
      if (span.llm === undefined) return span
      const { usage: _usage, ...llm } = span.llm
      return { ...span, llm }
    }),
    parts: parts.map((part) => ({ ...part, text: prose(part.chars, random) })),
  }
}

/** Words of no text in particular, a few thousand different ones. */
function prose(chars: number, random: () => number): string {
  let text = ''
  while (text.length < chars) {
    text += `${WORDS[Math.floor(random() * WORDS.length)]!}${SYLLABLES[Math.floor(random() * SYLLABLES.length)]!}${random() < 0.1 ? '. ' : ' '}`
  }
  return text.slice(0, chars)
}

const WORDS = ('the of and to search result order account customer page file error value request answer total which with from that '
  + 'because list number time between').split(' ')
const SYLLABLES = ['', '', '', '', 's', 'ed', 'ing', 'er', 'ly', 'ment', 'able', '-4711', '_id', '()', ',']

type Draft = { -readonly [K in keyof Span]: Span[K] }

interface Asked { readonly id: string; readonly name: string }

class Builder {
  readonly spans: Draft[] = []
  readonly parts: Part[] = []
  readonly random: () => number = seeded(1)
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  get full(): boolean {
    return this.spans.length >= this.#count
  }

  span(name: string, category: string, parentId: string | undefined, start: number, end: number): Draft {
    const span: Draft = {
      id: hex16(this.spans.length + 1), traceId: 'a'.repeat(32), name, category, start, end, outcome: OK,
      ...(parentId !== undefined && { parentId }),
    }
    if (!this.full) this.spans.push(span)
    return span
  }

  end(span: Draft, end: number): void {
    span.end = Math.round(end)
  }

  part(kind: PartKind, chars: number, name?: string, callId?: string): number {
    const named = { ...(name !== undefined && { name }), ...(callId !== undefined && { callId }) }
    return this.parts.push({ kind, hash: hex16(this.parts.length + 1), chars: Math.round(chars), ...named }) - 1
  }

  /** @returns when it was done */
  agent(root: Draft, from: number, number: number): number {
    const agent = this.span(`agent_${number % 7}`, 'agent', root.id, from, from)
    const context = [this.part('system', 4_000), ...TOOLS.map((name) => this.part('tool-definition', 900, name)), this.part('user', 300)]
    let now = from + 1 * MS
    for (let turn = 0; turn < TURNS_PER_AGENT && !this.full; turn++) {
      const step = this.span('turn', 'internal', agent.id, now, now)
      const tokens = 1_500 + context.length * 220
      const call = this.call(step, now + 0.2 * MS, turn, context, 1 + Math.floor(this.random() * 4), tokens)
      let end = call.end
      let at = call.end + 0.1 * MS
      // Every other turn one after another.
      for (const { id, name } of call.asked) {
        end = Math.max(end, this.tool(step, call.id, at, id, name))
        if (turn % 2 === 0) at = end + 0.1 * MS
      }
      context.push(...call.answer, ...call.asked.map(({ id, name }) => this.part('tool-result', 300 + 2_000 * this.random(), name, id)))
      this.end(step, end)
      now = end + 0.3 * MS
    }
    this.end(agent, now)
    return now + 0.5 * MS
  }

  call(parent: Draft, from: number, turn: number, context: readonly number[], tools: number, tokens: number): {
    readonly id: string; readonly end: number; readonly asked: readonly Asked[]; readonly answer: readonly number[]
  } {
    const model = MODELS[turn % MODELS.length]!
    const start = Math.round(from)
    const first = Math.round(start + (200 + tokens / 50) * MS)
    const last = Math.round(first + (300 + 900 * this.random()) * MS)
    const span = this.span(model, 'llm', parent.id, start, last)
    const asked = Array.from({ length: tools }, (_, i) => ({ id: `call_${span.id}_${i}`, name: TOOLS[(turn + i) % TOOLS.length]! }))
    const answer = [this.part('assistant', 200), ...asked.map(({ id, name }) => this.part('tool-call', 60, name, id))]
    const cacheRead = turn === 0 ? 0 : Math.floor(tokens * 0.8)
    span.llm = {
      provider: 'openai', operation: 'chat', api: 'chat.completions', requestModel: model, responseModel: `${model}-2025-08-07`,
      streamed: true, finishReasons: ['tool_calls'], firstToken: first, lastToken: last, chunks: 100,
      usage: {
        input: inputInclusive({ input: tokens, cacheRead })!, output: outputInclusive({ output: 180, reasoning: 64 })!,
        complete: true, source: 'provider',
      },
      requestParts: context.slice(), responseParts: answer,
      toolCalls: asked.map(({ id, name }) => ({ id, name, argumentsChars: 60 })),
      attempts: this.#attempts(start, first),
    } satisfies LlmDetail
    return { id: span.id, end: last, asked, answer }
  }

  #attempts(start: number, first: number): Attempt[] {
    const sent = start + 1 * MS
    if (this.random() > 0.02) return [{ start: sent, firstByte: first, end: first, status: 200 }]
    return [
      { start: sent, firstByte: sent + 20 * MS, end: sent + 20 * MS, status: 429, waitNs: 100 * MS },
      { start: sent + 120 * MS, firstByte: first, end: first, status: 200 },
    ]
  }

  /** @returns when it was done */
  tool(parent: Draft, issuedBy: string, from: number, callId: string, name: string): number {
    const start = Math.round(from)
    const end = Math.round(start + (20 + 400 * this.random()) * MS)
    const before = this.spans.at(-1)
    const tool = this.span(name, 'tool', parent.id, start, end)
    const hash = hex16(Math.floor(this.random() * 1e9))
    tool.tool = { name, callId, issuedBy, argumentsHash: hash, resultHash: hash }
    const needsBefore = before?.tool !== undefined && before.end! <= start && this.random() < 0.3
    tool.values = needsBefore
      ? { from: [{ spanId: before.id, kind: 'identifier', count: 1 }], shares: [before.id], knownAt: before.end!, seen: true }
      : { knownAt: start, seen: true }
    if (this.random() < 0.01) tool.outcome = FAILED
    if (this.random() < 0.6) {
      const inner = this.span('retrieve', 'retrieval', tool.id, start + 1 * MS, end - 1 * MS)
      for (let i = 0; i < 3; i++) this.span(i === 0 ? 'embed' : 'query', 'internal', inner.id, start + (2 + i) * MS, start + (6 + i) * MS)
    }
    return end
  }
}

const hex16 = (value: number): string => value.toString(16).padStart(16, '0')

function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff
}

function shuffle(items: unknown[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    ;[items[i], items[other]] = [items[other], items[i]]
  }
}
