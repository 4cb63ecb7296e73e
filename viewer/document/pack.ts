import type { Analysis, SpanView } from '../../src/model/analysis.ts'
import type { LlmDetail, Trace } from '../../src/model/span.ts'
import type { Replay } from '../../src/model/replay.ts'
import { ID_KEYS, STATES, type CallContent, type RunContent, type RunDocument, type SpanColumns, type SpanExtra } from './run-document.ts'
import { packTree } from './tree.ts'

/** Bytes of a run for the page, not compressed. The trace is what the analysis was made of, and has been redacted; it has the contents. */
export function packRun(trace: Trace | undefined, analysis: Analysis, replay?: Replay): Uint8Array {
  const spans = columnsOf(analysis.spans)
  const document: RunDocument = { analysis: withPlaces(analysis), spans, content: contentOf(trace, analysis), ...(replay !== undefined && { replay }) }
  const { ids, start, end, self, wall, ...rest } = spans
  // Differences are smaller than what they are differences of.
  const columns = {
    ...rest, ...packedIds(ids), start,
    duration: end.map((time, i) => time - start[i]!),
    covered: self.map((time, i) => end[i]! - start[i]! - time),
    wall: wall.map((time, i) => self[i]! - time),
  }
  return packTree({ ...document, spans: columns })
}

export function columnsOf(views: readonly SpanView[]): SpanColumns {
  const names = new Distinct()
  const categories = new Distinct()
  const places = new Map(views.map(({ id }, i) => [id, i]))
  const count = views.length
  const columns = {
    name: new Int32Array(count), category: new Int32Array(count), parent: new Int32Array(count), depth: new Int32Array(count),
    start: new Float64Array(count), end: new Float64Array(count), self: new Float64Array(count), wall: new Float64Array(count),
    slack: new Float64Array(count), state: new Uint8Array(count), late: new Uint8Array(count), call: new Int32Array(count),
  }
  const details: Record<number, SpanExtra> = {}
  views.forEach((view, i) => {
    columns.name[i] = names.of(view.name)
    columns.category[i] = categories.of(view.category)
    columns.parent[i] = view.parentId === undefined ? -1 : (places.get(view.parentId) ?? -1)
    columns.depth[i] = view.depth
    columns.start[i] = view.startNs
    columns.end[i] = view.endNs
    columns.self[i] = view.selfNs
    columns.wall[i] = view.wallNs
    columns.slack[i] = view.slackNs
    columns.state[i] = STATES.indexOf(view.outcome.state)
    columns.late[i] = view.late === true ? 1 : 0
    columns.call[i] = view.call ?? 0
    const extra = extraOf(view)
    if (extra !== undefined) details[i] = extra
  })
  return { count, ids: views.map(({ id }) => id), names: names.all, categories: categories.all, ...columns, details }
}

function extraOf({ outcome, attributes, issuedBy, resources }: SpanView): SpanExtra | undefined {
  const extra: SpanExtra = {
    ...(outcome.state === 'failed' && { failure: { type: outcome.type, message: outcome.message } }),
    ...(attributes !== undefined && { attributes }),
    ...(issuedBy !== undefined && { issuedBy }),
    ...(resources !== undefined && { resources }),
  }
  return Object.keys(extra).length > 0 ? extra : undefined
}

class Distinct {
  readonly all: string[] = []
  readonly #places = new Map<string, number>()

  of(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    this.#places.set(text, this.all.length)
    return this.all.push(text) - 1
  }
}

/** Ids of sixteen hexadecimal digits, as nearly all are, take eight bytes each. */
function packedIds(ids: readonly string[]): object {
  if (!ids.every((id) => /^[0-9a-f]{16}$/.test(id))) return { ids }
  const bytes = new Uint8Array(ids.length * 8)
  ids.forEach((id, i) => {
    for (let at = 0; at < 8; at++) bytes[i * 8 + at] = Number.parseInt(id.slice(at * 2, at * 2 + 2), 16)
  })
  return { idBytes: bytes }
}

/** The analysis without its spans, and with their places instead of their ids: findings can name every span of a long run. */
function withPlaces({ spans, ...analysis }: Analysis): Omit<Analysis, 'spans'> {
  const places = new Map(spans.map(({ id }, i) => [id, i]))
  const placed = (value: unknown, key: string): unknown => {
    if (ID_KEYS.has(key)) {
      if (typeof value === 'string') return places.get(value) ?? value
      if (Array.isArray(value)) return (value as readonly string[]).map((id) => places.get(id) ?? id)
    }
    if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map((inner) => placed(inner, '')) : value
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, placed(inner, name)]))
  }
  // What the run says of itself is the user's.
  return { ...(placed(analysis, '') as Omit<Analysis, 'spans'>), run: analysis.run }
}

function contentOf(trace: Trace | undefined, { spans, calls }: Analysis): RunContent {
  if (trace === undefined) return { parts: [], calls: calls.map(() => null), tools: {} }
  const byId = new Map(trace.spans.map((span) => [span.id, span]))
  const tools: Record<number, NonNullable<RunContent['tools'][number]>> = {}
  spans.forEach(({ id }, i) => {
    const tool = byId.get(id)?.tool
    if (tool === undefined) return
    const { callId, arguments: given, result, yielded } = tool
    const known = {
      ...(callId !== undefined && { callId }), ...(given !== undefined && { arguments: given }),
      ...(result !== undefined && { result }), ...(yielded !== undefined && { yielded }),
    }
    if (Object.keys(known).length > 0) tools[i] = known
  })
  return {
    parts: trace.parts.map(({ hash: _hash, ...part }) => part),
    calls: calls.map(({ spanId }) => {
      const llm = byId.get(spanId)?.llm
      return llm === undefined ? null : callContent(llm)
    }),
    tools,
  }
}

function callContent({ api, operation, streamed, serviceTier, responseId, maxOutputTokens, toolCalls, chunks, firstToken, lastToken, requestParts, responseParts }: LlmDetail): CallContent {
  return {
    api, operation, streamed, request: requestParts ?? [], response: responseParts ?? [],
    ...(serviceTier !== undefined && { serviceTier }), ...(responseId !== undefined && { responseId }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }), ...(toolCalls !== undefined && { toolCalls }),
    ...(chunks !== undefined && { chunks }), ...(firstToken !== undefined && { firstToken }), ...(lastToken !== undefined && { lastToken }),
  }
}
