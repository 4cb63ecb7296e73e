import type { ContextSummary, Problem } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import { modelOf, type Call } from './calls.ts'
import type { Timeline } from './timeline.ts'

/** What the reader should know about the figures before trusting them. */
export function problems(
  trace: Trace, timeline: Timeline, calls: readonly Call[], context: ContextSummary, hasPrices: boolean,
): Problem[] {
  return [
    ...spanProblems(timeline),
    ...usageProblems(calls),
    ...priceProblems(calls, hasPrices),
    ...windowProblems(context),
    ...dropProblems(trace),
  ]
}

function spanProblems({ spans, orphans, late }: Timeline): Problem[] {
  const ids = (indexes: readonly number[]): string[] => indexes.map((i) => spans[i]!.id)
  const open: number[] = []
  const lateOnes: number[] = []
  spans.forEach(({ outcome: { state } }, i) => {
    if (state === 'open') open.push(i)
    else if (late[i] === 1) lateOnes.push(i)
  })
  return [
    problem('spans-orphaned', orphans,
      `${many(orphans.length, 'span')} whose parent is missing ${are(orphans.length)} shown under the root`),
    problem('spans-open', open, `${many(open.length, 'span')} had not ended; taken to end with the run`),
    problem('spans-late', lateOnes, `${many(lateOnes.length, 'span')} ended after the parent had: nobody waited for `
      + `${lateOnes.length === 1 ? 'it' : 'them'}, and what ran after the parent's end counts for no parent`),
  ].flatMap((found) => (found === undefined ? [] : [{ ...found, spanIds: ids(found.spanIds) }]))
}

function usageProblems(calls: readonly Call[]): Problem[] {
  const pick = (test: (call: Call) => boolean): string[] => calls.filter(test).map(({ summary }) => summary.spanId)
  const counted = pick(({ estimate }) => estimate === 'counted')
  const rough = pick(({ estimate }) => estimate === 'rough')
  const unknown = pick(({ summary: { usage }, unanswered }) => !unanswered && !usage?.input && !usage?.output)
  const half = pick(({ summary: { usage }, isEmbedding }) => !isEmbedding && !usage?.input !== !usage?.output)
  const low = pick(({ summary: { usage }, estimate }) => estimate === undefined && usage?.complete === false && !!usage.input && !!usage.output)
  return [
    problem('usage-estimated', counted,
      `${many(counted.length, 'call')} told no usage, or not all of it; the rest is counted locally, an estimate`),
    problem('usage-estimated-roughly', rough, `${many(rough.length, 'call')} told no usage, or not all of it, and the texts `
      + 'are gone; the rest is a rough estimate, one token for 4 characters'),
    problem('usage-unknown', unknown, `the usage of ${many(unknown.length, 'call')} is unknown and in no total`),
    problem('usage-incomplete', half,
      `${many(half.length, 'call')} told only input or only output; the other is in no total, and a price is not given`),
    problem('usage-too-low', low, `${many(low.length, 'call')} told only what had been counted before ${low.length === 1 ? 'its' : 'their'} end: `
      + 'totals and costs are at least what is shown'),
  ].flatMap((found) => found ?? [])
}

function priceProblems(calls: readonly Call[], hasPrices: boolean): Problem[] {
  const unpriced = calls.filter(({ summary, unanswered }) => !unanswered && summary.costUsd === undefined)
  const told = unpriced.filter(({ summary }) => summary.usage !== undefined)
  const models = [...new Set(told.map(({ summary }) => `${modelOf(summary)} (${summary.provider})`))].sort()
  const found = problem('price-unknown', told.map(({ summary }) => summary.spanId),
    `no price is known for ${many(told.length, 'call')} of ${models.join(', ')}; in the cost `
      + `${told.length === 1 ? 'it is' : 'they are'} missing`)
  const message = 'the price table (@pydantic/genai-prices) could not be loaded; give prices in the options, or, in a bundle, '
    + 'await profiler.flush() before the report'
  const missing = hasPrices ? undefined : { code: 'prices-missing', message }
  return [missing, found].flatMap((one) => one ?? [])
}

function windowProblems({ calls }: ContextSummary): Problem[] {
  const unknown = calls.filter(({ windowTokens }) => windowTokens === undefined)
  const models = [...new Set(unknown.map(({ model }) => model))].sort()
  const message = `the context window of ${models.join(', ')} is unknown`
  const found = problem('window-unknown', unknown.map(({ spanId }) => spanId), message)
  return found === undefined ? [] : [found]
}

function dropProblems({ dropped, selfErrors }: Trace): Problem[] {
  const beyond = (count: number, what: string): string => `${many(count, what)} beyond the limit of a run ${are(count)}`
  const found: Problem[] = []
  if (dropped.spans > 0) found.push({ code: 'spans-dropped', message: `${beyond(dropped.spans, 'span')} in no figure` })
  if (dropped.parts > 0) {
    found.push({
      code: 'parts-dropped',
      message: `${beyond(dropped.parts, 'request part')} not recorded; what contexts are made of is incomplete`,
    })
  }
  if (dropped.contentChars > 0) {
    found.push({ code: 'content-dropped', message: `${beyond(dropped.contentChars, 'character')} of text not recorded` })
  }
  if ((dropped.attributes ?? 0) > 0) {
    found.push({ code: 'attributes-dropped', message: `${beyond(dropped.attributes!, 'attribute')} not recorded` })
  }
  if (selfErrors > 0) {
    found.push({ code: 'profiler-errors', message: `the profiler failed ${many(selfErrors, 'time')} inside and went on` })
  }
  return found
}

function problem<T>(code: string, spanIds: readonly T[], message: string) {
  return spanIds.length === 0 ? undefined : { code, message, spanIds }
}

/** `1,204 spans` */
const many = (count: number, what: string): string =>
  `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} ${what}${count === 1 ? '' : 's'}`
const are = (count: number): string => (count === 1 ? 'is' : 'are')
