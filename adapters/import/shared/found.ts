import { callRoles } from '../../../src/model/call-roles.ts'
import { hashText } from '../../../src/model/message.ts'
import type { Attempt, Attributes, Category, LlmDetail, Outcome, Resources, Span, ToolDetail, Trace } from '../../../src/model/span.ts'
import type { CallFacts } from '../../shared/otel/facts.ts'
import { assemble, type SpanDraft } from './assemble.ts'
import type { Problems } from './json-lines.ts'
import { PartTable, withTexts } from './parts.ts'

/** A call as a file tells it: its texts not yet among the trace's parts, its times on the file's clock. */
export interface FoundLlm extends CallFacts {
  readonly lastTokenNs?: bigint
  readonly attempts?: readonly FoundAttempt[]
}

/** The other times count from its start. */
export interface FoundAttempt extends Omit<Attempt, 'start'> {
  readonly startNs: bigint
}

/** A span as a file tells it. Times are nanoseconds since 1970. */
export interface FoundSpan {
  /** Its id and its parent's, as the file writes them. */
  readonly key: string
  readonly parent?: string | undefined
  readonly name: string
  readonly category: Category
  readonly startNs: bigint
  readonly endNs?: bigint | undefined
  readonly outcome?: Outcome | undefined
  readonly attributes?: Attributes | undefined
  readonly llm?: FoundLlm | undefined
  /** `issuedBy` is a key. */
  readonly tool?: ToolDetail | undefined
  /** Keys. */
  readonly dependsOn?: readonly string[] | undefined
  readonly resources?: Resources | undefined
  /** It tells what was recorded: what it says it is, and who issued it, is not decided anew. */
  readonly isExact?: true
}

export interface FoundTrace {
  readonly key: string
  /** Default: the root's name. */
  readonly name?: string | undefined
  readonly service?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly spans: readonly FoundSpan[]
  /** What the reader left out because of a limit. */
  readonly droppedSpans?: number
  /** When the run began; default: when its root did. */
  readonly originNs?: bigint | undefined
  readonly recorded?: Partial<Pick<Trace, 'process' | 'dropped' | 'overheadNs' | 'selfErrors'>> | undefined
}

/** Times further apart than this do not belong to one run: 52 days. */
const MAX_SPREAD_NS = 1n << 52n

/** A trace of what a file tells; undefined when no span is left. What had to be changed is said in `problems`. */
export function toTrace(found: FoundTrace, problems: Problems): Trace | undefined {
  const about = `trace ${found.key}`
  const spans = withoutAggregates(plausible(unique(found.spans, about, problems), about, problems))
  if (spans.length === 0) return undefined
  const ordered = withOneRoot(spans, found, about, problems)
  const root = ordered[0]!
  const origin = found.originNs !== undefined && found.originNs < root.startNs ? found.originNs : root.startNs
  reportClock(ordered, about, problems)
  const table = new PartTable()
  const asked = askers(ordered)
  const drafts = ordered.map((span) => toDraft(span, origin, table, asked))
  const assembled = assemble({
    seed: found.key,
    id: traceIdOf(found.key),
    ids: idsOf(ordered),
    name: found.name ?? root.name,
    service: found.service,
    tags: found.tags,
    startedAtEpochMs: Number(origin / 1_000_000n) + Number(origin % 1_000_000n) / 1e6,
    spans: drafts,
    parts: table.parts,
    ...(found.droppedSpans !== undefined && { droppedSpans: found.droppedSpans }),
  })
  return withTexts({ ...assembled, ...found.recorded }, table)
}

/** Exporters that try again send spans twice. */
function unique(spans: readonly FoundSpan[], about: string, problems: Problems): FoundSpan[] {
  const byKey = new Map<string, FoundSpan>()
  for (const span of spans) {
    const before = byKey.get(span.key)
    // One of the two may have been written when the span was still open.
    if (before === undefined || (before.endNs === undefined && span.endNs !== undefined)) byKey.set(span.key, span)
  }
  const twice = spans.length - byKey.size
  if (twice > 0) problems.add(`${about}: ${twice} of its spans ${verb(twice, 'has', 'have')} an id that another one has: kept once`)
  return [...byKey.values()]
}

/** Leaves out spans whose times cannot be those of the same run; their children hang on what they hung on. */
function plausible(spans: readonly FoundSpan[], about: string, problems: Problems): FoundSpan[] {
  const starts = spans.map(({ startNs }) => startNs).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const middle = starts[starts.length >> 1] ?? 0n
  const isNear = (time: bigint): boolean => time > middle - MAX_SPREAD_NS / 2n && time < middle + MAX_SPREAD_NS / 2n
  const lost = new Map(spans.filter(({ startNs }) => !isNear(startNs)).map((span) => [span.key, span.parent]))
  if (lost.size === 0) return spans.map((span) => withNearEnd(span, isNear, about, problems))
  problems.add(`${about}: ${lost.size} of its spans ${verb(lost.size, 'starts', 'start')} weeks away from the others: left out`)
  return spans.filter(({ key }) => !lost.has(key)).map((span) => {
    let { parent } = span
    for (let hops = 0; parent !== undefined && lost.has(parent) && hops <= lost.size; hops++) parent = lost.get(parent)
    return withNearEnd({ ...span, parent }, isNear, about, problems)
  })
}

function withNearEnd(span: FoundSpan, isNear: (time: bigint) => boolean, about: string, problems: Problems): FoundSpan {
  if (span.endNs === undefined || isNear(span.endNs)) return span
  problems.add(`${about}: the span ${span.name} (${span.key}) ends weeks away from the others: taken as still open`)
  const { endNs: _far, ...rest } = span
  return rest
}

/** A span that repeats the usage of calls below it is not a call. What it stated stays among its attributes. */
function withoutAggregates(spans: readonly FoundSpan[]): FoundSpan[] {
  const at = new Map(spans.map(({ key }, i) => [key, i]))
  const parents = spans.map(({ key, parent }) => (parent === undefined || parent === key ? -1 : at.get(parent) ?? -1))
  const roles = callRoles(spans, parents, topDown(parents))
  return spans.map((span, i) => {
    if (roles[i] !== 'aggregate' || span.llm?.usage === undefined || span.isExact) return span
    const { llm: _repeats, ...rest } = span
    const isCall = rest.category === 'llm' || rest.category === 'embedding'
    return { ...rest, category: isCall ? 'internal' : rest.category }
  })
}

/** Parents before their children; a ring begins somewhere. */
function topDown(parents: readonly number[]): number[] {
  const order: number[] = []
  const seen = new Uint8Array(parents.length)
  for (let i = 0; i < parents.length; i++) {
    const path: number[] = []
    for (let at = i; at !== -1 && seen[at] === 0; at = parents[at]!) {
      seen[at] = 1
      path.push(at)
    }
    for (const one of path.reverse()) order.push(one)
  }
  return order
}

/** The root first. Where several spans are without a parent, or none is, a span is made that holds them. */
function withOneRoot(spans: readonly FoundSpan[], found: FoundTrace, about: string, problems: Problems): readonly FoundSpan[] {
  const keys = new Set(spans.map(({ key }) => key))
  const roots = spans.filter(({ parent, key }) => parent === undefined || parent === key || !keys.has(parent))
  if (roots.length === 1) return [roots[0]!, ...spans.filter((span) => span !== roots[0])]
  const lost = new Set(roots.map(({ parent }) => parent))
  const [missing] = lost
  const why = roots.length === 0 ? 'its spans are in a ring' : `${roots.length} of its spans have no parent in the file`
  problems.add(`${about}: ${why}: a span was made that holds them`)
  const ends = spans.flatMap(({ endNs }) => endNs ?? [])
  const made: FoundSpan = {
    // Where all miss the same parent, the made span is it.
    key: lost.size === 1 && missing !== undefined ? missing : freeKey(keys),
    name: found.name ?? found.service ?? 'trace',
    category: 'internal',
    startNs: spans.reduce((least, { startNs }) => (startNs < least ? startNs : least), spans[0]!.startNs),
    ...(ends.length === spans.length && { endNs: ends.reduce((most, end) => (end > most ? end : most)) }),
    attributes: { 'spanwise.made': 'root' },
  }
  return [made, ...spans]
}

function freeKey(keys: ReadonlySet<string>): string {
  let key = 'root'
  while (keys.has(key)) key += "'"
  return key
}

/** Clocks of several machines differ; what runs backwards is straightened by `assemble`. */
function reportClock(spans: readonly FoundSpan[], about: string, problems: Problems): void {
  const byKey = new Map(spans.map((span) => [span.key, span]))
  const backwards = spans.filter(({ startNs, endNs }) => endNs !== undefined && endNs < startNs).length
  const early = spans.filter(({ parent, startNs }) => parent !== undefined && startNs < (byKey.get(parent)?.startNs ?? startNs)).length
  if (backwards > 0) problems.add(`${about}: ${backwards} of its spans ${verb(backwards, 'ends', 'end')} before the start: set to no time`)
  if (early > 0) problems.add(`${about}: ${early} of its spans ${verb(early, 'starts', 'start')} before the parent: moved to the parent's start`)
}

/** Who asked for a tool call, by the call's id. */
function askers(spans: readonly FoundSpan[]): ReadonlyMap<string, string> {
  const byCall = new Map<string, string>()
  for (const { key, llm } of spans) {
    for (const { id } of llm?.toolCalls ?? []) if (id !== undefined && !byCall.has(id)) byCall.set(id, key)
  }
  return byCall
}

function toDraft(span: FoundSpan, origin: bigint, table: PartTable, asked: ReadonlyMap<string, string>): SpanDraft {
  const { key, parent, name, category, startNs, endNs, outcome, attributes, llm, tool, dependsOn, resources } = span
  const start = Number(startNs - origin)
  const end = endNs === undefined ? undefined : Number(endNs - origin)
  const issuedBy = tool?.callId === undefined || span.isExact ? undefined : asked.get(tool.callId)
  return {
    key, name, category, start, end, attributes, outcome, dependsOn, resources,
    parent: parent === key ? undefined : parent,
    llm: llm && toLlm(llm, { start, end, origin }, table),
    tool: tool && { ...tool, ...(issuedBy !== undefined && { issuedBy }) },
  }
}

function toLlm(
  { request, response, firstTokenNs, lastTokenNs, attempts, ...rest }: FoundLlm,
  { start, end, origin }: { readonly start: number; readonly end: number | undefined; readonly origin: bigint },
  table: PartTable,
): LlmDetail {
  const inside = (time: bigint | undefined): number | undefined => {
    const at = time === undefined ? NaN : Number(time - origin)
    return at >= start && (end === undefined || at <= end) && Number.isSafeInteger(at) ? at : undefined
  }
  const [firstToken, lastToken] = [inside(firstTokenNs), inside(lastTokenNs)]
  return {
    ...rest,
    ...(request.length > 0 && { requestParts: table.indexes(request) }),
    ...(response.length > 0 && { responseParts: table.indexes(response) }),
    ...(firstToken !== undefined && { firstToken }),
    ...(lastToken !== undefined && { lastToken }),
    ...(attempts !== undefined && {
      attempts: attempts.map((attempt) => toAttempt(attempt, origin)).filter((attempt) => Number.isSafeInteger(attempt.start)),
    }),
  }
}

function toAttempt({ startNs, firstByte, end, ...rest }: FoundAttempt, origin: bigint): Attempt {
  const start = Number(startNs - origin)
  return {
    ...rest,
    start,
    ...(firstByte !== undefined && { firstByte: start + firstByte }),
    ...(end !== undefined && { end: start + end }),
  }
}

/** W3C ids stay; others become one of that size, the same for the same text. */
function idsOf(spans: readonly FoundSpan[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>()
  const taken = new Set<Span['id']>()
  for (const { key } of spans) if (isId(key, 16)) taken.add(key)
  for (const { key } of spans) {
    let id = key
    for (let seed = 0; !isId(id, 16) || (id !== key && taken.has(id)); seed++) id = hashText(key, seed)
    ids.set(key, id)
    taken.add(id)
  }
  return ids
}

function traceIdOf(key: string): string {
  const plain = key.replaceAll('-', '').toLowerCase()
  return isId(plain, 32) ? plain : hashText(key) + hashText(key, 1)
}

const isId = (text: string, digits: number): boolean =>
  text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text)

const verb = (count: number, one: string, many: string): string => (count === 1 ? one : many)
