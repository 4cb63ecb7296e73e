import type { Analysis, CallPhases, CallSummary, Percentiles } from '../../src/model/analysis.ts'

/** In the order in which they follow each other. */
export const phaseNames: Readonly<Record<keyof CallPhases, string>> = {
  waitNs: 'before sending',
  attemptsNs: 'failed attempts',
  backoffNs: 'back-off',
  headersNs: 'to the headers',
  firstTokenNs: 'to first token',
  decodeNs: 'decode',
  readerNs: 'your reader',
  restNs: 'not told apart',
}
const keys = Object.keys(phaseNames) as readonly (keyof CallPhases)[]

/** A phase with less of the calls' time is not worth a line. */
const MIN_SHARE = 0.005
/** Calls that are all of one stretch are not taken apart. */
const MAX_UNKNOWN = 0.99
/** Gaps that take less of the run are not worth a line. */
const MIN_GAPS = 0.01

export interface PhaseTotals {
  readonly name: string
  readonly timeNs: number
  /** Of the time of all calls. */
  readonly share: number
  /** Over the calls that have it. */
  readonly p50Ns: number
  readonly maxNs: number
}

export interface LlmTime {
  readonly calls: number
  /** Sum of their durations: exceeds the wall clock when they run in parallel. */
  readonly callNs: number
  /** Largest first; empty when nothing is known but durations. */
  readonly phases: readonly PhaseTotals[]
  /** Output tokens per second while tokens came, over the calls that streamed. */
  readonly speed?: number
  readonly gaps?: { readonly count: number; readonly timeNs: number; readonly longest: CallSummary }
  readonly slowest: CallSummary
}

/** The run's calls of language models taken apart together. @returns undefined when there were none */
export function llmTime({ calls: all, spans, totals }: Analysis): LlmTime | undefined {
  const embeddings = new Set(spans.flatMap(({ category, call }) => (category === 'embedding' && call !== undefined ? [call] : [])))
  const calls = all.filter(({ number }) => !embeddings.has(number))
  const [first] = calls
  if (first === undefined) return undefined
  const callNs = calls.reduce((sum, { durationNs }) => sum + durationNs, 0)
  const speeds = calls.flatMap(({ outputTokensPerSecond }) => outputTokensPerSecond ?? [])
  const gaps = calls.filter(({ gapNs = 0 }) => gapNs > 0)
  const gapNs = gaps.reduce((sum, { gapNs: own = 0 }) => sum + own, 0)
  return {
    calls: calls.length,
    callNs,
    phases: phasesOf(calls, callNs),
    ...(speeds.length > 0 && { speed: middle(speeds) }),
    ...(gapNs > 0 && gapNs >= totals.durationNs * MIN_GAPS && {
      gaps: { count: gaps.length, timeNs: gapNs, longest: gaps.reduce((most, call) => ((call.gapNs ?? 0) > (most.gapNs ?? 0) ? call : most)) },
    }),
    slowest: calls.reduce((most, call) => (call.durationNs > most.durationNs ? call : most), first),
  }
}

function phasesOf(calls: readonly CallSummary[], callNs: number): PhaseTotals[] {
  const rows = keys.flatMap((key): PhaseTotals[] => {
    const times: number[] = []
    let timeNs = 0
    for (const { phases, durationNs } of calls) {
      const time = (phases === undefined ? (key === 'restNs' ? durationNs : 0) : phases[key]) ?? 0
      if (time === 0) continue
      times.push(time)
      timeNs += time
    }
    if (callNs === 0 || timeNs < callNs * MIN_SHARE) return []
    return [{
      name: phaseNames[key], timeNs, share: timeNs / callNs, p50Ns: middle(times), maxNs: times.reduce((most, time) => Math.max(most, time), 0),
    }]
  })
  const isUnknown = rows.some(({ name, share }) => name === phaseNames.restNs && share > MAX_UNKNOWN)
  return isUnknown ? [] : rows.sort((a, b) => b.timeNs - a.timeNs)
}

/** The stretches of one call that are worth a word, largest first. */
export function phasesOfCall({ phases, durationNs }: CallSummary): { readonly name: string; readonly timeNs: number }[] {
  if (phases === undefined || phases.restNs > durationNs * MAX_UNKNOWN) return []
  return keys.flatMap((key) => ((phases[key] ?? 0) >= durationNs * 0.05 ? [{ name: phaseNames[key], timeNs: phases[key] ?? 0 }] : []))
    .sort((a, b) => b.timeNs - a.timeNs)
}

/** Nearest rank, as everywhere. */
const middle = (values: readonly number[]): Percentiles['p50'] => Float64Array.from(values).sort()[Math.ceil(values.length / 2) - 1] ?? 0

export const modelOf = ({ responseModel, requestModel }: CallSummary): string => responseModel ?? requestModel ?? ''
