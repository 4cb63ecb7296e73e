import type { Amount, Analysis, CacheLoss, SpanView } from '../src/model/analysis.ts'
import type { Outcome, Span, Trace } from '../src/model/span.ts'
import { addUsage, NO_USAGE, type Usage } from '../src/model/usage.ts'

/**
 * What is always true of a trace and of an analysis. Every test that has one at hand ends by calling these.
 * They throw an error that names the law and the spans.
 */
export function checkTrace(trace: Trace): void {
  const { spans, parts } = trace
  const byId = new Map(spans.map((span) => [span.id, span]))
  law(byId.size === spans.length, 'ids are unique')
  spans.forEach((span, i) => {
    const about = `span ${span.name} (${span.id})`
    law(/^[0-9a-f]{16}$/.test(span.id), `${about}: an id has 16 hex digits`)
    law(span.traceId === trace.id, `${about}: it belongs to the trace ${trace.id}, not ${span.traceId}`)
    law((span.parentId === undefined) === (i === 0), `${about}: only the first span is without a parent`)
    law(span.parentId === undefined || byId.has(span.parentId), `${about}: its parent ${span.parentId} is in the trace`)
    checkTimes(span, i > 1 ? spans[i - 1] : undefined, span.parentId === undefined ? undefined : byId.get(span.parentId), about)
    checkOutcome(span.outcome, about)
    for (const id of span.dependsOn ?? []) law(byId.has(id), `${about}: ${id} in dependsOn is in the trace`)
    const by = span.tool?.issuedBy
    law(by === undefined || byId.has(by), `${about}: the call ${by} that issued it is in the trace`)
    if (span.llm?.usage !== undefined) checkUsage(span.llm.usage, about)
    for (const part of [...(span.llm?.requestParts ?? []), ...(span.llm?.responseParts ?? [])]) {
      law(parts[part] !== undefined, `${about}: part ${part} is among the ${parts.length} parts of the trace`)
    }
  })
  for (const part of parts) {
    law(/^[0-9a-f]{16}$/.test(part.hash), `a part's hash has 16 hex digits, got ${part.hash}`)
    law(isCount(part.chars), `a part's size is a whole number of characters, got ${part.chars}`)
  }
  law(new Set(parts.map(({ hash, callId }) => `${hash} ${callId}`)).size === parts.length, 'equal parts are kept once')
  for (const [what, count] of Object.entries(trace.dropped)) law(isCount(count), `dropped.${what} is a count, got ${count}`)
}

function checkTimes(span: Span, before: Span | undefined, parent: Span | undefined, about: string): void {
  law(Number.isSafeInteger(span.start), `${about}: its start is a whole number of nanoseconds, got ${span.start}`)
  law((span.end === undefined) === (span.outcome.state === 'open'), `${about}: it has an end if and only if it is not open`)
  law(span.end === undefined || (Number.isSafeInteger(span.end) && span.end >= span.start), `${about}: it ends after it starts`)
  law(before === undefined || before.start <= span.start, `${about}: spans are in order of start`)
  if (parent === undefined) return
  law(span.start >= parent.start, `${about}: it starts after its parent has`)
  const isLate = parent.end !== undefined && (span.end === undefined || span.end > parent.end)
  law(isLate === (span.late === true), `${about}: it is marked late if and only if its parent ended before it did`)
}

function checkOutcome(outcome: Outcome, about: string): void {
  const fields = outcome.state === 'failed' ? ['state', 'type', 'message'] : ['state']
  const states = ['open', 'ok', 'cancelled', 'failed']
  law(states.includes(outcome.state), `${about}: its outcome has a known state, got ${outcome.state}`)
  law(equal(Object.keys(outcome).sort(), fields.sort()), `${about}: its outcome has the fields ${fields.join(', ')}`)
}

function checkUsage({ input, output, requests, extra }: Usage, about: string): void {
  if (input !== undefined) {
    const sum = input.uncached + input.cacheRead + input.cacheWrite
    law(sum === input.total, `${about}: uncached + cacheRead + cacheWrite = input.total`)
    const byTtl = Object.values(input.cacheWriteByTtl ?? {})
    law(byTtl.length === 0 || add(byTtl) === input.cacheWrite, `${about}: cache writes by lifetime add up to cacheWrite`)
  }
  const { visible = 0, reasoning = 0, total = 0 } = output ?? {}
  law(visible + reasoning === total, `${about}: visible + reasoning = output.total`)
  const { cacheWriteByTtl: byTtl = {}, ...buckets } = input ?? {}
  for (const [name, count] of Object.entries({ ...buckets, ...byTtl, ...output, ...requests, ...extra })) {
    law(isCount(count), `${about}: ${name} is a count of tokens or requests, got ${count}`)
  }
}

/** Above this many spans self times are not recomputed by brute force. */
const SMALL = 300

export function checkAnalysis(analysis: Analysis): void {
  const { totals, categories, operations, spans, calls, models } = analysis
  const byId = new Map(spans.map((span) => [span.id, span]))
  law(totals.spans === spans.length, 'totals.spans counts the spans')
  law(totals.durationNs === (spans[0]?.durationNs ?? 0), "the run lasts as long as its root")
  checkSpans(spans, byId)
  checkPath(analysis, byId)

  for (const [name, groups] of Object.entries({ categories, operations })) {
    law(add(groups.map(({ wallNs }) => wallNs)) === totals.durationNs, `the wall time of the ${name} adds up to the run's duration`)
  }
  for (const { category, busyNs, wallNs, spans: count, failed } of categories) {
    const members = spans.filter((span) => span.category === category)
    const failures = members.filter(({ outcome }) => outcome.state === 'failed').length
    law(busyNs === add(members.map(({ selfNs }) => selfNs)), `busy time of ${category} is the sum of its self times`)
    law(wallNs === add(members.map((span) => span.wallNs)), `wall time of ${category} is the sum of its spans'`)
    law(wallNs <= busyNs, `wall time of ${category} does not exceed its busy time`)
    law(count === members.length && failed === failures, `spans of ${category} are counted`)
  }
  for (const operation of operations) {
    const members = operation.spanIds.map((id) => byId.get(id)!)
    law(members.length === operation.count, `spans of ${operation.name} are counted`)
    law(members.every(({ name }) => name === operation.name), `spans of ${operation.name} resolve`)
    law(operation.totalNs === add(members.map(({ durationNs }) => durationNs)), `durations of ${operation.name} add up`)
    const { p50, p95, p99, max } = operation.durationNs
    law(p50 <= p95 && p95 <= p99 && p99 <= max, `percentiles of ${operation.name} are in order`)
    const { halvedSavesNs = 0 } = operation
    law(halvedSavesNs >= 0 && halvedSavesNs <= operation.totalNs / 2, `half of ${operation.name} saves no more than half of it`)
  }
  law(add(operations.map(({ count }) => count)) === spans.length, 'each span belongs to one operation')
  law(add(models.map((model) => model.calls)) === calls.length, 'each call belongs to one model')
  checkCalls(analysis, byId)
  checkLatency(analysis)
  checkFindings(analysis, byId)
  checkSchedules(analysis)
  checkDependencies(analysis, byId)
  checkContext(analysis, byId)
  checkCache(analysis, byId)
  law(equal(JSON.parse(JSON.stringify(analysis)), analysis), 'an analysis printed as JSON and read back is the same')
}

function checkSpans(spans: readonly SpanView[], byId: ReadonlyMap<string, SpanView>): void {
  spans.forEach((span, i) => {
    const about = `span ${span.name} (${span.id})`
    const parent = span.parentId === undefined ? undefined : byId.get(span.parentId)
    law((span.parentId === undefined) === (i === 0), `${about}: only the first span is without a parent`)
    law(i === 0 || parent !== undefined, `${about}: its parent resolves`)
    law(span.depth === (parent === undefined ? 0 : parent.depth + 1), `${about}: it is one level below its parent`)
    law(i < 2 || spans[i - 1]!.startNs <= span.startNs, `${about}: spans are in order of start`)
    law(span.endNs - span.startNs === span.durationNs && span.durationNs >= 0, `${about}: its duration is from start to end`)
    law(span.selfNs >= 0 && span.selfNs <= span.durationNs, `${about}: self time is between 0 and its duration`)
    law(span.wallNs >= 0 && span.wallNs <= span.selfNs, `${about}: time on the path is between 0 and its self time`)
    law(span.slackNs >= 0, `${about}: slack is never negative`)
  })
  if (spans.length > SMALL) return
  for (const span of spans) {
    const children = spans.filter(({ parentId }) => parentId === span.id)
    const left = span.durationNs - unionNs(span, children)
    law(span.selfNs === left, `span ${span.name} (${span.id}): self time is what its children leave`)
  }
}

/** By counting each stretch between two neighbouring times. */
function unionNs({ startNs, endNs }: SpanView, children: readonly SpanView[]): number {
  const inside = (time: number): boolean => time >= startNs && time <= endNs
  const times = [...new Set([startNs, endNs, ...children.flatMap((child) => [child.startNs, child.endNs])])].filter(inside)
  times.sort((a, b) => a - b)
  return add(times.slice(1).map((to, i) => {
    const from = times[i]!
    return children.some((child) => child.startNs <= from && child.endNs >= to) ? to - from : 0
  }))
}

function checkPath({ criticalPath, totals, spans }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  law(add(criticalPath.map(({ timeNs }) => timeNs)) === totals.durationNs, 'times on the critical path add up to the duration')
  law(new Set(criticalPath.map(({ spanId }) => spanId)).size === criticalPath.length, 'the critical path has one step per span')
  for (const { spanId, timeNs } of criticalPath) {
    law(timeNs > 0 && byId.get(spanId)?.wallNs === timeNs, `step ${spanId} of the critical path has the span's wall time`)
  }
  law(criticalPath.length === spans.filter(({ wallNs }) => wallNs > 0).length, 'each span with time on the path is a step of it')
}

function checkCalls({ calls, totals, context, models, cost }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  calls.forEach((call, i) => {
    const about = `call ${call.number}`
    law(call.number === i + 1 && byId.get(call.spanId)?.call === call.number, `${about}: calls are numbered in order of start`)
    law(byId.get(call.spanId)?.durationNs === call.durationNs, `${about}: it lasts as long as its span`)
    const { costUsd = 0 } = call
    law(Number.isFinite(costUsd) && costUsd >= 0, `${about}: a cost is 0 or more, or absent`)
    law(call.costUsd === undefined || call.usage?.input !== undefined, `${about}: what has a cost has a usage`)
    const phases = Object.values(call.phases ?? {}) as readonly number[]
    law(call.phases === undefined || add(phases) === call.durationNs, `${about}: its phases add up to its duration`)
    law(phases.every(isCount), `${about}: each phase is a whole number of nanoseconds, 0 or more`)
    law((call.gapNs ?? 0) >= 0, `${about}: the gap before it is not negative`)
    if (call.usage !== undefined) checkUsage(call.usage, about)
  })
  law(totals.llmCalls <= calls.length, 'LLM calls are calls')
  const { usage, costUsd: { knownUsd } } = totals
  const answered = calls.filter(({ unanswered }) => unanswered !== true)
  law(equal(usage, answered.reduce((sum, call) => addUsage(sum, call.usage), NO_USAGE)), 'usage is the sum over the calls')
  law(near(knownUsd, add(calls.map(({ costUsd = 0 }) => costUsd))), 'cost is the sum over the calls')
  law(near(knownUsd, add(models.map(({ costUsd }) => costUsd.knownUsd))), 'cost is the sum over the models')
  law((cost !== undefined) === calls.some(({ costUsd }) => costUsd !== undefined), 'a known cost is told apart')
  law(cost === undefined || near(knownUsd, add(Object.values(cost))), 'what was paid for adds up to the known cost')
  law(Object.values(cost ?? {}).every((part) => part >= 0), 'no part of the cost is negative')
  law(usage.input.total === add(models.map((model) => model.usage.input.total)), 'input is the sum over the models')
  for (const { number, composition, input, share, usedTokens, windowTokens } of context.calls) {
    const parts = composition === undefined ? undefined : add(Object.values(composition))
    law(parts === undefined || parts === input?.total, `context of call ${number}: its parts add up to the input`)
    const expected = windowTokens === undefined ? undefined : usedTokens / windowTokens
    law(share === expected, `context of call ${number}: share = used ÷ window`)
  }
}

function checkLatency({ latency, calls }: Analysis): void {
  law(add(latency.map((model) => model.calls)) <= calls.length, 'each call belongs to the latency of one model')
  for (const { model, fit, reason, tokens } of latency) {
    const about = `latency of ${model}`
    law((fit === undefined) !== (reason === undefined), `${about}: it has a fit or a reason why not`)
    law(tokens.low <= tokens.high, `${about}: its token range is in order`)
    if (fit === undefined) continue
    const { nsPerThousandTokens: slope, interval: { low, high } } = fit
    law(low > 0 && low <= slope && slope <= high, `${about}: its slope is inside its interval`)
  }
}

function checkFindings({ findings, observations, totals }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  for (const { code, spanIds } of [...findings, ...observations]) {
    law(/^[A-Z]+\d{3}$/.test(code), `${code} is a code`)
    law(spanIds.length > 0 && spanIds.every((id) => byId.has(id)), `the spans of ${code} resolve`)
  }
  for (const { code, saving, advice } of findings) {
    law(Object.values(saving).some((amount) => amount !== undefined), `${code} says what it would save`)
    law(advice !== '', `${code} says what to do`)
    const { low, high } = bounds(saving.timeNs ?? 0)
    law(low >= 0 && low <= high && high <= totals.durationNs, `the saving of ${code} is between 0 and the run's duration`)
  }
  const sure = findings.map(({ saving }) => bounds(saving.timeNs ?? 0).low)
  law(sure.every((low, i) => i === 0 || low <= sure[i - 1]!), 'findings are sorted by what they save for certain')
}

function checkSchedules({ schedules: { proven, possible }, totals }: Analysis): void {
  const all = `run ${totals.durationNs} ns, proven ${proven.durationNs} ns, possible ${possible.durationNs} ns`
  law(proven.durationNs <= totals.durationNs, `the proven schedule is not longer than the run: ${all}`)
  law(possible.durationNs <= proven.durationNs, `the possible schedule is not longer than the proven one: ${all}`)
  law(possible.durationNs >= 0 && isCount(proven.limit) && isCount(possible.limit), 'schedules have a duration and a limit')
}

function checkContext({ context, calls, totals }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  for (const { number, parts, input } of context.calls) {
    law(parts === undefined || add(parts.map(({ tokens }) => tokens)) === input?.total, `context of call ${number}: its lines add up to the input`)
  }
  for (const { calls: numbers, fit, turnsLeft = 0 } of context.growth ?? []) {
    law(numbers.every((number, i) => calls[number - 1] !== undefined && (i === 0 || number > numbers[i - 1]!)), 'growth goes by the order of calls')
    law(fit >= 0 && fit <= 1 + 1e-9 && isCount(turnsLeft), 'the fit of a growth is a share, and the turns left are a count')
  }
  for (const stay of context.results ?? []) {
    const { spanId, tokens, turns, totalTokens, cachedTokens, costUsd = 0, laterCostUsd = 0 } = stay
    law(spanId === undefined || byId.has(spanId), 'the span of a tool result resolves')
    law([tokens, turns, totalTokens, cachedTokens].every(isCount) && cachedTokens <= totalTokens, 'the stay of a result is counted')
    const isPriced = totals.costUsd.unknownCalls === 0
    law(laterCostUsd <= costUsd + 1e-12 && (!isPriced || costUsd <= totals.costUsd.knownUsd + 1e-9), 'a stay costs no more than the run')
  }
  for (const { firstCall, lastCall } of [...(context.results ?? []), ...(context.duplicates ?? [])]) {
    law(firstCall <= lastCall && calls[firstCall - 1] !== undefined && calls[lastCall - 1] !== undefined, 'a stay is from one call to another')
  }
  for (const { totalTokens, timesCalled } of context.definitions ?? []) law(isCount(totalTokens) && isCount(timesCalled), 'uses of a definition are counted')
}

function checkCache({ cache, calls }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  if (cache === undefined) return
  law(cache.compared > 0 && cache.breaks.length <= cache.compared, 'breaks are among the compared requests')
  law(cache.readShare >= 0 && cache.readShare <= 1, 'the share that was read from a cache is one')
  for (const one of cache.breaks) {
    const { spanId, call, previousCall, tokens, readTokens, cacheableTokens, costUsd = 0, gapNs } = one
    const about = `the cache break of call ${call}`
    const input = calls[call - 1]?.usage?.input
    law(byId.get(spanId)?.call === call && previousCall < call, `${about}: its calls resolve, the earlier one first`)
    law(input?.cacheRead === readTokens && readTokens + tokens <= cacheableTokens, `${about}: what was read and lost had been held`)
    law(isCount(tokens) && tokens > 0 && tokens <= input.total - readTokens, `${about}: what was paid again was not read`)
    law(costUsd >= 0 && costUsd <= (calls[call - 1]!.costUsd ?? Infinity) + 1e-9 && gapNs >= 0, `${about}: it costs no more than the call`)
  }
  const sum = (of: (loss: CacheLoss) => number): number => add(Object.values(cache.bySide).map(of))
  law(cache.lost.breaks === cache.breaks.length && sum(({ breaks }) => breaks) === cache.lost.breaks, 'each break is on one side')
  law(sum(({ tokens }) => tokens) === cache.lost.tokens && near(sum(({ costUsd = 0 }) => costUsd), cache.lost.costUsd ?? 0), 'losses add up')
}

function checkDependencies({ dependencies, schedules }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  for (const { moved } of Object.values(schedules)) {
    law(moved === undefined || (moved.count >= moved.spanIds.length && moved.spanIds.every((id) => byId.has(id))), 'spans that move are spans')
  }
  if (dependencies === undefined) return
  const { pairs, counts: { dependent, independent }, leftOut } = dependencies
  law(pairs.length + leftOut === dependent + independent, 'proven pairs are listed or counted')
  law(new Set(pairs.map(({ from, to }) => `${from} ${to}`)).size === pairs.length, 'no pair is both dependent and independent, or told twice')
  for (const { from, to, verdict, evidence } of pairs) {
    const [first, second] = [byId.get(from), byId.get(to)]
    law(first !== undefined && second !== undefined && from !== to, `the pair ${from}, ${to} resolves`)
    law(evidence.length > 0, `the pair ${from}, ${to} says what proves it`)
    law(verdict === 'dependent' || first.endNs <= second.startNs, `${from} and ${to} ran one after the other`)
  }
}

const bounds = (amount: Amount): { readonly low: number; readonly high: number } =>
  typeof amount === 'number' ? { low: amount, high: amount } : amount
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const add = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a))

function law(holds: boolean, statement: string): asserts holds {
  if (!holds) throw new Error(`law violated: ${statement}`)
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return Array.isArray(a) === Array.isArray(b) && left.length === right.length
    && left.every(([key, value]) => Object.hasOwn(b, key) && equal(value, (b as Record<string, unknown>)[key]))
}
