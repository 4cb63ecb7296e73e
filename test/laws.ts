import type { Amount, Analysis, SpanView } from '../src/model/analysis.ts'
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
  }
  law(add(operations.map(({ count }) => count)) === spans.length, 'each span belongs to one operation')
  law(add(models.map((model) => model.calls)) === calls.length, 'each call belongs to one model')
  checkCalls(analysis, byId)
  checkFindings(analysis, byId)
  checkSchedules(analysis)
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

function checkCalls({ calls, totals, context, models }: Analysis, byId: ReadonlyMap<string, SpanView>): void {
  calls.forEach((call, i) => {
    const about = `call ${call.number}`
    law(call.number === i + 1 && byId.get(call.spanId)?.call === call.number, `${about}: calls are numbered in order of start`)
    law(byId.get(call.spanId)?.durationNs === call.durationNs, `${about}: it lasts as long as its span`)
    const { costUsd = 0 } = call
    law(Number.isFinite(costUsd) && costUsd >= 0, `${about}: a cost is 0 or more, or absent`)
    law(call.costUsd === undefined || call.usage?.input !== undefined, `${about}: what has a cost has a usage`)
    if (call.usage !== undefined) checkUsage(call.usage, about)
  })
  law(totals.llmCalls <= calls.length, 'LLM calls are calls')
  const { usage, costUsd: { knownUsd } } = totals
  const answered = calls.filter(({ unanswered }) => unanswered !== true)
  law(equal(usage, answered.reduce((sum, call) => addUsage(sum, call.usage), NO_USAGE)), 'usage is the sum over the calls')
  law(near(knownUsd, add(calls.map(({ costUsd = 0 }) => costUsd))), 'cost is the sum over the calls')
  law(near(knownUsd, add(models.map(({ costUsd }) => costUsd.knownUsd))), 'cost is the sum over the models')
  law(usage.input.total === add(models.map((model) => model.usage.input.total)), 'input is the sum over the models')
  for (const { number, composition, input, share, usedTokens, windowTokens } of context.calls) {
    const parts = composition === undefined ? undefined : add(Object.values(composition))
    law(parts === undefined || parts === input?.total, `context of call ${number}: its parts add up to the input`)
    const expected = windowTokens === undefined ? undefined : usedTokens / windowTokens
    law(share === expected, `context of call ${number}: share = used ÷ window`)
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
