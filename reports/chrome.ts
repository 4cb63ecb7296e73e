import type { Analysis, CallSummary, SpanView } from '../src/model/analysis.ts'
import { nsToUs } from '../src/model/units.ts'
import { printable } from './shared/json-text.ts'
import { layOut, type Lanes } from './shared/lanes.ts'
import { withoutNoise } from './shared/numbers.ts'
import type { Report } from './shared/report.ts'
import { attemptFailed, categoryOf, nameOf, runBoxes, type RunBox } from './shared/run-boxes.ts'

/**
 * Chrome trace events, as chrome://tracing, Perfetto and speedscope read them ("Trace Event Format", Google, 2016): complete
 * events (`X`) on lanes that are threads, names (`M`), arrows (`s`, `f`) and counters (`C`).
 *
 * Times are whole microseconds since the run began. Fractions would be allowed, but viewers turn them into nanoseconds by
 * cutting off, start and duration each on its own, and then a child can end after its parent.
 */
const toWholeUs = (ns: number): number => Math.floor(nsToUs(ns))

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json | undefined } | undefined

/** @returns one JSON object with an event per line, without a newline at the end */
const renderChrome = (analysis: Analysis): string => [...chromePieces(undefined, analysis)].join('')

function* chromePieces(_trace: unknown, analysis: Analysis): Generator<string> {
  const boxes = runBoxes(analysis, toWholeUs)
  const lanes = layOut(boxes)
  const { run } = analysis
  const pid = run.process?.pid ?? 1
  const { traceId, startedAtEpochMs, service, tags } = run
  const about = { generator: 'spanwise', traceId, startedAtEpochMs, service, tags }
  yield printable(`{"displayTimeUnit":"ms","otherData":${JSON.stringify(about)},"traceEvents":[\n`)
  yield printable(names(nameOf(run.name), pid, lanes.count).join(',\n'))
  for (const event of spanEvents(boxes, lanes, pid)) yield printable(`,\n${event}`)
  for (const event of counters(analysis, pid)) yield printable(`,\n${event}`)
  yield '\n]}'
}

export const chromeReport: Report<string> = { name: 'chrome', extension: 'chrome.json', render: renderChrome, renderPieces: chromePieces }

/** Thread ids count from 1: to Perfetto 0 is the idle thread of the machine. */
const tidOf = (lane: number): number => lane + 1

function names(runName: string, pid: number, lanes: number): string[] {
  const named = (name: string, tid: number, args: Json): string => JSON.stringify({ ph: 'M', name, pid, tid, args })
  const events = [named('process_name', tidOf(0), { name: runName })]
  for (let lane = 0; lane < lanes; lane++) {
    events.push(
      named('thread_name', tidOf(lane), { name: lane === 0 ? runName : `lane ${lane + 1}` }),
      named('thread_sort_index', tidOf(lane), { sort_index: lane }),
    )
  }
  return events
}

/** Each span before what lies inside it, and its arrows right after it, so that readers tie them to it and to nothing inside. */
function* spanEvents(boxes: readonly RunBox[], lanes: Lanes, pid: number): Generator<string> {
  const arrows = arrowsOf(boxes, lanes)
  for (const index of lanes.order) {
    const { name, start, end, span, call, part } = boxes[index]!
    const tid = tidOf(lanes.laneOf[index]!)
    const args = part === undefined ? spanArgs(span, call) : partArgs(part, span)
    yield JSON.stringify({ ph: 'X', name, cat: categoryOf(boxes[index]!), pid, tid, ts: start, dur: end - start, args })
    for (const { cat, id } of arrows.to[index] ?? []) {
      yield JSON.stringify({ ph: 'f', bp: 'e', name: cat, cat, id, pid, tid, ts: start })
    }
    for (const { cat, id, ts } of arrows.from[index] ?? []) yield JSON.stringify({ ph: 's', name: cat, cat, id, pid, tid, ts })
  }
}

interface Arrow {
  readonly cat: 'issued' | 'child'
  readonly id: number
  /** Where it begins. */
  readonly ts: number
}

interface Arrows {
  /** By the index of the box from which they come, and to which they go. */
  readonly from: readonly (readonly Arrow[] | undefined)[]
  readonly to: readonly (readonly Arrow[] | undefined)[]
}

/** From the answer of a model to the tools that it asked for, and from a parent to what runs beside its lane. */
function arrowsOf(boxes: readonly RunBox[], { order, laneOf, bareUntil }: Lanes): Arrows {
  const rank = new Int32Array(boxes.length)
  order.forEach((index, at) => (rank[index] = at))
  const from: Arrow[][] = []
  const to: Arrow[][] = []
  let id = 0
  const draw = (cat: Arrow['cat'], source: number, target: number): void => {
    // Readers drop an end that comes before its beginning.
    if (rank[source]! > rank[target]!) return
    const ts = Math.min(bareUntil[source]!, boxes[target]!.start)
    id += 1
    ;(from[source] ??= []).push({ cat, id, ts })
    ;(to[target] ??= []).push({ cat, id, ts })
  }
  const indexOf = new Map<string, number>()
  boxes.forEach(({ span, part }, index) => { if (part === undefined) indexOf.set(span.id, index) })
  boxes.forEach(({ parent, span: { issuedBy }, part }, index) => {
    if (parent !== -1 && laneOf[parent] !== laneOf[index]) draw('child', parent, index)
    const answer = issuedBy === undefined || part !== undefined ? undefined : indexOf.get(issuedBy)
    if (answer !== undefined && answer !== index) draw('issued', answer, index)
  })
  return { from, to }
}

function spanArgs(span: SpanView, call: CallSummary | undefined): Json {
  const { id, parentId, category, outcome, selfNs, wallNs, slackNs, late, issuedBy, attributes } = span
  return {
    category, outcome: outcome.state,
    ...(outcome.state === 'failed' && { error: `${outcome.type}: ${outcome.message}` }),
    selfUs: nsToUs(selfNs), criticalPathUs: nsToUs(wallNs), slackUs: nsToUs(slackNs), late,
    ...(call && callArgs(call)),
    issuedBy, spanId: id, parentId, attributes,
  }
}

function callArgs(call: CallSummary): { readonly [key: string]: Json } {
  const { provider, requestModel, responseModel, ttftNs, usage, costUsd, finishReasons } = call
  return {
    provider, model: responseModel ?? requestModel, finishReasons,
    ...(costUsd !== undefined && { costUsd: withoutNoise(costUsd) }),
    ...(ttftNs !== undefined && { ttftUs: nsToUs(ttftNs) }),
    ...(usage && {
      usage: { input: { ...usage.input }, output: { ...usage.output }, source: usage.source, ...(!usage.complete && { complete: false }) },
    }),
  }
}

const partArgs = ({ kind, attempt }: NonNullable<RunBox['part']>, { id }: SpanView): Json => ({
  ...(kind === 'attempt' && { outcome: attemptFailed(attempt) ? 'failed' : 'ok', status: attempt.status, error: attempt.error }),
  spanId: id,
})

/** Tokens so far, each call's at its end; nothing for calls whose usage is not known. */
function counters({ calls, spans }: Analysis, pid: number): string[] {
  const endOf = new Map(spans.flatMap(({ id, endNs, call }) => (call === undefined ? [] : [[id, toWholeUs(endNs)] as const])))
  const known = calls.filter(({ usage }) => usage?.input !== undefined || usage?.output !== undefined)
    .map(({ spanId, usage }) => ({ ts: endOf.get(spanId) ?? 0, usage }))
    .sort((a, b) => a.ts - b.ts)
  if (known.length === 0) return []
  const first = spans[0] === undefined ? 0 : toWholeUs(spans[0].startNs)
  const count = (ts: number, args: Json): string => JSON.stringify({ ph: 'C', name: 'tokens', pid, tid: tidOf(0), ts, args })
  let input = 0
  let output = 0
  return [count(first, { input, output }), ...known.map(({ ts, usage }) => {
    input += usage?.input?.total ?? 0
    output += usage?.output?.total ?? 0
    return count(ts, { input, output })
  })]
}
