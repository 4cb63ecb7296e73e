import type { Analysis, SpanView } from '../src/model/analysis.ts'
import { hashText, type Part, type PartKind } from '../src/model/message.ts'
import {
  OPEN, OK, CANCELLED,
  type Attempt, type Attributes, type LlmDetail, type Outcome, type Span, type ToolDetail, type Trace,
} from '../src/model/span.ts'
import { msToNs, nsToMs } from '../src/model/units.ts'
import { inputInclusive, outputInclusive, type Usage } from '../src/model/usage.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
/** A day at which prices are known. */
const STARTED_AT = Date.UTC(2026, 10, 1)

/**
 * A trace drawn as text, one line a span, indented under its parent:
 *
 *     agent 0-100
 *       llm 5-35 llm model=gpt-5-mini in=1200 cached=300 out=80 asks=search#c1,orders#c2
 *       search 40-90 tool call=c1 by=llm
 *
 * is name, start and end in milliseconds (no end: open), category, and `key=value` pairs. Without a category the root is
 * an agent, a span with `model` an LLM call, one with `call` or `by` a tool, and any other internal. Spans are named in
 * `by` and `after` by their name, or `name#2` for the second of that name. Values have no spaces; `_` stands for one in texts.
 *
 * - any span: `state=cancelled`, `failed=Type:message`, `after=a,b` (dependsOn), `id`, and any key with a dot is an attribute
 * - LLM: `model`, `answered` (responding model), `provider`, `op`, `in` (total), `cached`, `written`, `written1h`, `out`,
 *   `reasoning`, `searches`, `cut` (usage not complete), `first`, `last` (token times), `attempts=5-6:429,8-35:200`,
 *   `asks=tool#id`, `parts=system:400,user:80` (kind:chars, or kind#callId:chars), `carries=c1,c2` (results in the request),
 *   `answer=120` (chars of the assistant's text), `repeats=llm` (its request carries that call's request and answer),
 *   `finish=length`, `max=100` (output tokens asked for), `reader=0,5,0` (milliseconds before, between and after the tokens)
 * - tool: `call` (call id), `by` (the LLM span that issued it), `args=a`, `result=b` (hashes: equal words are equal texts)
 */
export function draw(text: string, overrides: Partial<Trace> = {}): Trace {
  const drawing = new Drawing()
  for (const line of text.split('\n')) if (line.trim() !== '') drawing.line(line)
  return {
    id: TRACE_ID,
    name: drawing.spans[0]?.name ?? 'nothing',
    startedAtEpochMs: STARTED_AT,
    spans: drawing.spans.sort((a, b) => (a.parentId === undefined ? -1 : b.parentId === undefined ? 1 : a.start - b.start)),
    parts: drawing.parts,
    dropped: { spans: 0, contentChars: 0, parts: 0 },
    overheadNs: 0,
    selfErrors: 0,
    ...overrides,
  }
}

/** The id of the span of that name, or of the second one with `name#2`. */
export function idOf({ spans }: { readonly spans: readonly Pick<Span, 'id' | 'name'>[] }, name: string): string {
  const [plain, number = '1'] = name.split('#')
  const found = spans.filter((span) => span.name === plain)[Number(number) - 1]
  if (found === undefined) throw new Error(`no span ${name}`)
  return found.id
}

/**
 * The spans of an analysis as an indented tree with the figures asked for, in milliseconds: `search  self 50`. Siblings
 * stand in order of start.
 */
export function show(analysis: Analysis, ...figures: readonly ('self' | 'wall' | 'slack' | 'duration')[]): string {
  const children = new Map<string | undefined, SpanView[]>()
  for (const span of analysis.spans) children.set(span.parentId, [...(children.get(span.parentId) ?? []), span])
  const lines: string[] = []
  const add = (span: SpanView, indent: string): void => {
    lines.push(`${indent}${span.name}${figures.map((figure) => `  ${figure} ${nsToMs(span[`${figure}Ns`])}`).join('')}`)
    for (const child of children.get(span.id) ?? []) add(child, `${indent}  `)
  }
  for (const root of children.get(undefined) ?? []) add(root, '')
  return lines.join('\n')
}

/** A text of a test without its common indentation, for comparison with `show`. */
export function text(indented: string): string {
  const lines = indented.split('\n').filter((line) => line.trim() !== '')
  const indent = Math.min(...lines.map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n')
}

type Fields = ReadonlyMap<string, string>

class Drawing {
  readonly spans: Span[] = []
  readonly parts: Part[] = []
  readonly #open: { readonly indent: number; readonly span: Span }[] = []
  readonly #partIndexes = new Map<string, number>()

  line(line: string): void {
    const indent = line.search(/\S/)
    const [name, times, ...rest] = line.trim().split(/\s+/)
    const match = /^(-?[\d.]+)-([\d.]+)?$/.exec(times ?? '')
    if (name === undefined || match === null) throw new Error(`expected "name start-end", got ${line}`)
    while (this.#open.length > 0 && this.#open.at(-1)!.indent >= indent) this.#open.pop()
    const parent = this.#open.at(-1)?.span
    const fields: Fields = new Map(rest.filter((word) => word.includes('=')).map((word) => split(word, '=')))
    const category = rest.find((word) => !word.includes('='))
    const end = match[2] === undefined ? undefined : msToNs(Number(match[2]))
    const span = this.#span({ name, parent, start: msToNs(Number(match[1])), end, category, fields })
    this.spans.push(span)
    this.#open.push({ indent, span })
  }

  #span({ name, parent, start, end, category, fields }: {
    name: string; parent: Span | undefined; start: number; end: number | undefined; category: string | undefined; fields: Fields
  }): Span {
    const isTool = fields.has('call') || fields.has('by') || category === 'tool'
    const isLate = parent?.end !== undefined && (end === undefined || end > parent.end)
    const attributes: Attributes = Object.fromEntries([...fields].filter(([key]) => key.includes('.')))
    const dependsOn = list(fields, 'after').map((one) => idOf(this, one))
    return {
      id: fields.get('id') ?? (this.spans.length + 1).toString(16).padStart(16, '0'),
      ...(parent !== undefined && { parentId: parent.id }),
      traceId: TRACE_ID,
      name,
      category: category ?? (fields.has('model') ? 'llm' : isTool ? 'tool' : parent === undefined ? 'agent' : 'internal'),
      start,
      ...(end !== undefined && { end }),
      outcome: end === undefined ? OPEN : outcome(fields),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(fields.has('model') && { llm: this.#llm(fields) }),
      ...(isTool && { tool: this.#tool(name, fields) }),
      ...(dependsOn.length > 0 && { dependsOn }),
      ...(isLate && { late: true as const }),
    }
  }

  #tool(name: string, fields: Fields): ToolDetail {
    const callId = fields.get('call')
    const by = fields.get('by')
    const hashOf = (key: string): string => hashText(fields.get(key)!)
    return {
      name, ...(callId !== undefined && { callId }), ...(by !== undefined && { issuedBy: idOf(this, by) }),
      ...(fields.has('args') && { argumentsHash: hashOf('args') }), ...(fields.has('result') && { resultHash: hashOf('result') }),
    }
  }

  #llm(fields: Fields): LlmDetail {
    const usage = usageOf(fields)
    const asked = list(fields, 'asks').map((one) => split(one, '#'))
    const first = fields.get('first')
    const last = fields.get('last')
    const requestParts = this.#requestParts(fields)
    const responseParts = [
      ...(fields.has('answer') ? [this.#part('assistant', fields.get('answer')!)] : []),
      ...asked.map(([tool, id]) => this.#part('tool-call', '20', id, tool)),
    ]
    return {
      provider: fields.get('provider') ?? 'openai',
      operation: fields.get('op') ?? 'chat',
      api: 'chat.completions',
      requestModel: fields.get('model')!,
      ...(fields.has('answered') && { responseModel: fields.get('answered')! }),
      streamed: first !== undefined,
      ...(usage !== undefined && { usage }),
      ...(requestParts.length > 0 && { requestParts }),
      ...(responseParts.length > 0 && { responseParts }),
      ...(asked.length > 0 && { toolCalls: asked.map(([tool, id]) => ({ id, name: tool, argumentsChars: 20 })) }),
      ...(fields.has('attempts') && { attempts: list(fields, 'attempts').map(attempt).map(withWait) }),
      ...(first !== undefined && { firstToken: msToNs(Number(first)) }),
      ...(last !== undefined && { lastToken: msToNs(Number(last)) }),
      ...(fields.has('finish') && { finishReasons: list(fields, 'finish') }),
      ...(fields.has('max') && { maxOutputTokens: Number(fields.get('max')) }),
      ...(fields.has('reader') && { reader: readerTimes(list(fields, 'reader').map((ms) => msToNs(Number(ms)))) }),
    }
  }

  #requestParts(fields: Fields): number[] {
    const repeated = list(fields, 'repeats').flatMap((name) => {
      const { llm } = this.spans.find(({ id }) => id === idOf(this, name))!
      return [...(llm?.requestParts ?? []), ...(llm?.responseParts ?? [])]
    })
    const parts = list(fields, 'parts').map((one) => {
      const [what, chars] = split(one, ':')
      const [kind, callId] = what.split('#')
      return this.#part(kind as PartKind, chars, callId)
    })
    return [...repeated, ...parts, ...list(fields, 'carries').map((id) => this.#part('tool-result', '50', id))]
  }

  /** Equal parts are kept once, as in a recording. */
  #part(kind: PartKind, chars: string, callId?: string, name?: string): number {
    const key = [kind, chars, callId, name].join(' ')
    const known = this.#partIndexes.get(key)
    if (known !== undefined) return known
    const index = this.parts.length
    this.#partIndexes.set(key, index)
    this.parts.push({
      kind,
      hash: index.toString(16).padStart(16, '0'),
      chars: Number(chars),
      ...(name !== undefined && { name }),
      ...(callId !== undefined && { callId }),
    })
    return index
  }
}

function usageOf(fields: Fields): Usage | undefined {
  const number = (key: string): number | undefined => (fields.has(key) ? Number(fields.get(key)) : undefined)
  const long = number('written1h') ?? 0
  const written = (number('written') ?? 0) + long
  const input = inputInclusive({
    input: number('in'), cacheRead: number('cached'), cacheWrite: written,
    cacheWriteByTtl: long > 0 ? { '5m': written - long, '1h': long } : undefined,
  })
  const output = outputInclusive({ output: number('out'), reasoning: number('reasoning') })
  const webSearch = number('searches')
  if (input === undefined && output === undefined) return undefined
  return {
    ...(input && { input }),
    ...(output && { output }),
    ...(webSearch !== undefined && { requests: { webSearch } }),
    complete: fields.get('cut') === undefined,
    source: 'provider',
  }
}

function outcome(fields: Fields): Outcome {
  const failed = fields.get('failed')
  if (failed === undefined) return fields.get('state') === 'cancelled' ? CANCELLED : OK
  const [type, message = ''] = failed.split(':')
  return { state: 'failed', type: type!, message: message.replaceAll('_', ' ') }
}

function attempt(drawn: string): Attempt {
  const [times, status] = split(drawn, ':')
  const [start, end] = split(times, '-')
  return { start: msToNs(Number(start)), end: msToNs(Number(end)), ...(status !== '' && { status: Number(status) }) }
}

const readerTimes = ([before = 0, between = 0, after = 0]: readonly number[]): NonNullable<LlmDetail['reader']> =>
  ({ beforeFirstTokenNs: before, betweenTokensNs: between, afterLastTokenNs: after })

const withWait = (one: Attempt, i: number, all: readonly Attempt[]): Attempt =>
  i + 1 < all.length ? { ...one, waitNs: all[i + 1]!.start - one.end! } : one

function split(word: string, by: string): [string, string] {
  const at = word.indexOf(by)
  return at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
}

const list = (fields: Fields, key: string): string[] => fields.get(key)?.split(',') ?? []
