import { formatCount, formatTokens } from '../../reports/shared/numbers.ts'
import { heading, piece, sgr, type Line } from '../../reports/shared/page.ts'
import { clean, cleanName } from '../../reports/shared/text.ts'
import type { Analysis, CallSummary, SpanView } from '../model/analysis.ts'
import type { Outcome, Span, Trace } from '../model/span.ts'
import { formatDuration } from '../model/units.ts'
import { addUsage, NO_USAGE } from '../model/usage.ts'
import { Complaint } from './command.ts'
import { handlesOf, noSuch, type Named } from './handles.ts'

export interface SpanHandle extends Named {
  readonly id: string
  readonly handle: string
}

const MIN_CHARS = 4

/**
 * Handles of a run's spans: the ends of their ids, of at least four characters, because the ids of one run begin alike. A
 * finished run does not change, so they do not either.
 */
export function spanHandles({ spans }: Analysis): ReadonlyMap<string, SpanHandle> {
  const backwards = handlesOf(spans.map(({ id }) => reversed(id)), MIN_CHARS)
  return new Map(spans.map(({ id, name }) => {
    const handle = reversed(backwards.get(reversed(id))!)
    return [id, { id, handle, keys: [handle, id], label: `${handle}  ${cleanName(name)}` }]
  }))
}

const reversed = (text: string): string => Array.from(text).reverse().join('')

/** The span that a handle, an id or a name of which there is one stands for. @throws Complaint when there is none or several */
export function spanNamed(name: string, { spans }: Analysis, handles: ReadonlyMap<string, SpanHandle>): SpanView {
  const typed = name.toLowerCase()
  const exact = spans.find(({ id }) => id === typed || handles.get(id)?.handle === typed)
  if (exact !== undefined) return exact
  const named = spans.filter((span) => span.name === name)
  const found = named.length > 0 ? named : spans.filter(({ id }) => id.endsWith(typed))
  const labels = (some: readonly SpanView[]): SpanHandle[] => some.slice(0, MAX_LISTED).map(({ id }) => handles.get(id)!)
  if (found.length > 1) {
    const what = named.length > 0 ? 'are called' : 'have ids that end in'
    throw new Complaint(`${found.length} spans ${what} ${name}; use a handle`, ...labels(found).map(({ label }) => label))
  }
  if (found[0] === undefined) throw noSuch(name, labels(spans), `the run has no span ${name}`, '--tree shows all of them')
  return found[0]
}

const MAX_LISTED = 200

/** All spans under their parents, with handles and times. Children come in order of start. */
export function tree({ spans, calls, totals }: Analysis, handles: ReadonlyMap<string, SpanHandle>): Line[] {
  const callOf = new Map(calls.map((call) => [call.spanId, call]))
  let width = 0
  for (const { handle } of handles.values()) width = Math.max(width, handle.length)
  const children = new Map<string | undefined, SpanView[]>()
  for (const span of spans) {
    const siblings = children.get(span.parentId)
    if (siblings === undefined) children.set(span.parentId, [span])
    else siblings.push(span)
  }
  const lines: Line[] = [[heading(`${formatCount(totals.spans)} spans, ${formatDuration(totals.durationNs)}`)]]
  // By hand instead of by recursion: a trace of another tool can be deeper than the stack.
  const pending = [...(children.get(undefined) ?? [])].reverse()
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    lines.push(treeLine(span, handles.get(span.id)!.handle.padStart(width), callOf.get(span.id)))
    const below = children.get(span.id) ?? []
    for (let i = below.length - 1; i >= 0; i--) pending.push(below[i]!)
  }
  return lines
}

const MAX_INDENT = 40

function treeLine(span: SpanView, handle: string, call: CallSummary | undefined): Line {
  const facts = [span.category, formatDuration(span.durationNs)]
  if (call?.usage !== undefined) facts.push(tokensOf(call))
  if (span.late === true) facts.push('late')
  return [
    piece(`${handle}  `, sgr.dim),
    piece(`${' '.repeat(Math.min(MAX_INDENT, span.depth * 2))}${cleanName(span.name)}`),
    piece(`  ${facts.join('  ')}`, sgr.dim),
    ...(span.outcome.state === 'ok' ? [] : [piece(`  ${span.outcome.state}`, span.outcome.state === 'failed' ? sgr.bad : sgr.warn)]),
  ]
}

function tokensOf({ usage }: CallSummary): string {
  const totals = addUsage(NO_USAGE, usage)
  return `${formatTokens(totals.input.total, totals)} in, ${formatTokens(totals.output.total, totals)} out`
}

export interface SpanDetail {
  readonly handle: string
  readonly view: SpanView
  readonly span: Span | undefined
  readonly call: CallSummary | undefined
  readonly findings: readonly string[]
}

/** All that is known of one span. */
export function spanDetail(view: SpanView, { spans }: Trace, analysis: Analysis, handles: ReadonlyMap<string, SpanHandle>): SpanDetail {
  return {
    handle: handles.get(view.id)!.handle,
    view,
    span: spans.find(({ id }) => id === view.id),
    call: analysis.calls.find(({ spanId }) => spanId === view.id),
    findings: analysis.findings.filter(({ spanIds }) => spanIds.includes(view.id)).map(({ code, title }) => `${code} ${title}`),
  }
}

/** The detail as two columns: what, and its value. */
export function detailLines({ view, span, call, findings }: SpanDetail, handles: ReadonlyMap<string, SpanHandle>): Line[] {
  const labelOf = (id: string): string => handles.get(id)?.label ?? id
  const facts: (readonly [string, string | undefined])[] = [
    ['id', view.id],
    ['parent', view.parentId === undefined ? undefined : labelOf(view.parentId)],
    ['outcome', outcomeText(view.outcome)],
    ['started', `${formatDuration(view.startNs)} after the run began`],
    ['duration', `${formatDuration(view.durationNs)}${view.late === true ? ', ended after its parent' : ''}`],
    ['self', formatDuration(view.selfNs)],
    ['on the path', formatDuration(view.wallNs)],
    ['slack', formatDuration(view.slackNs)],
    ...callFacts(call),
    ['tool', span?.tool?.name],
    ['arguments', span?.tool?.arguments],
    ['result', span?.tool?.result],
    ['issued by', view.issuedBy === undefined ? undefined : labelOf(view.issuedBy)],
    ...(span?.dependsOn ?? []).map((id) => ['depends on', labelOf(id)] as const),
    ...Object.entries(view.attributes ?? {}).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : String(value)] as const),
    ...findings.map((finding) => ['finding', finding] as const),
  ]
  const known = facts.filter(([, value]) => value !== undefined)
  const width = Math.min(28, Math.max(...known.map(([name]) => name.length)))
  return [
    [heading(cleanName(view.name)), piece(`  ${cleanName(view.category)}`, sgr.dim)],
    ...known.map(([name, value]): Line => [piece(`  ${clean(name).padEnd(width)}  `, sgr.dim), piece(clean(value!))]),
  ]
}

function callFacts(call: CallSummary | undefined): (readonly [string, string | undefined])[] {
  if (call === undefined) return []
  const { provider, requestModel, responseModel, ttftNs, decodeNs, outputTokensPerSecond, attempts, finishReasons, usage, costUsd } = call
  const model = responseModel === undefined || responseModel === requestModel ? requestModel : `${requestModel ?? '?'}, answered by ${responseModel}`
  return [
    ['model', model === undefined ? provider : `${model} (${provider})`],
    ['tokens', usage === undefined ? 'unknown' : tokensOf(call)],
    ['of the cache', usage?.input === undefined ? undefined : `${formatCount(usage.input.cacheRead)} read, ${formatCount(usage.input.cacheWrite)} written`],
    ['cost', costUsd === undefined ? 'unknown' : `$${costUsd.toPrecision(3)}`],
    ['first token', ttftNs === undefined ? undefined : formatDuration(ttftNs)],
    ['decode', decodeNs === undefined ? undefined
      : `${formatDuration(decodeNs)}${outputTokensPerSecond === undefined ? '' : `, ${outputTokensPerSecond.toFixed(0)} tokens/s`}`],
    ['finished', finishReasons?.join(', ')],
    ['attempts', attempts.length < 2 ? undefined : attempts.map(({ status, error }) => String(status ?? error ?? '?')).join(', ')],
  ]
}

function outcomeText(outcome: Outcome): string {
  return outcome.state === 'failed' ? `failed: ${outcome.type}: ${outcome.message}` : outcome.state
}
