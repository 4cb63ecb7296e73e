import type { Part } from '../model/message.ts'
import type { Attempt, LlmDetail, Span, Trace } from '../model/span.ts'
import { quietly } from './quietly.ts'
import type { Details, LlmDraft, RunRecord, SpanRecord, Writable } from './recorder.ts'

/**
 * Takes the spans of another process's run in under the span that called it. They get ids of this run. Clocks of two machines
 * differ: where the other's wall clock puts its run outside of the call, it is put into the middle of the call. Evidence by value
 * is left out: it names spans by numbers of the other run. They may come after the run's end, as long as nobody has read its trace.
 * @returns how many spans were taken; limits count what they leave out
 */
export function adopt(under: SpanRecord, trace: Trace): number {
  const { run } = under
  let count = 0
  if (!run.isReleased) quietly(run.owner.errors, () => void (count = graft(under, trace)))
  return count
}

function graft(under: SpanRecord, trace: Trace): number {
  const { run } = under
  if (!run.open) reach(under, trace)
  const window = { from: under.start, to: under.open ? run.now() : under.ended }
  const place = placing(trace, run, window)
  const taken = new Map<string, SpanRecord>()
  for (const span of trace.spans) {
    const parent = taken.get(span.parentId ?? '') ?? under
    const record = run.begin(parent, undefined, span.name, span.category, undefined, true)
    if (record === undefined) continue
    record.start = place(span.start)
    record.details = detailsOf(span, trace, run, place)
    if (span.parentId === undefined || parent === under) record.set(originOf(trace))
    if (span.end !== undefined) {
      record.ended = Math.max(record.start, place(span.end))
      record.outcome = span.outcome
    }
    if (run.list(record)) taken.set(span.id, record)
  }
  for (const span of trace.spans) connect(span, taken)
  for (const record of taken.values()) if (!record.open) run.owner.sink?.ended(record)
  return taken.size
}

/** A call that was over when the answer began goes on as long as the service did, within its own run. */
function reach(under: SpanRecord, trace: Trace): void {
  const root = under.run.spans[0]
  if (root !== undefined && root.ended >= 0) under.ended = Math.max(under.ended, Math.min(root.ended, under.start + durationOf(trace)))
}

const durationOf = ({ spans: [root] }: Trace): number => Math.max(0, (root?.end ?? root?.start ?? 0) - (root?.start ?? 0))

/** Turns times of the other run into times of this one, none outside of the call. */
function placing(trace: Trace, run: RunRecord, { from, to }: { readonly from: number; readonly to: number }): (time: number) => number {
  const duration = durationOf(trace)
  const byClock = (trace.startedAtEpochMs - run.startedAtEpochMs) * 1e6
  const fits = byClock >= from && byClock + duration <= to
  const offset = Math.round(fits ? byClock : from + Math.max(0, (to - from - duration) / 2))
  return (time) => Math.min(Math.max(time + offset, from), to)
}

const originOf = ({ service, process }: Trace): Record<string, unknown> => ({
  ...(service !== undefined && { 'service.name': service }),
  ...(process !== undefined && { 'process.pid': process.pid }),
})

function detailsOf({ attributes, llm, tool, resources }: Span, trace: Trace, run: RunRecord, place: (time: number) => number): Details {
  return {
    ...(attributes !== undefined && { attributes: { ...attributes } }),
    ...(llm !== undefined && { llm: draftOf(llm, trace.parts, run, place) }),
    ...(tool !== undefined && { tool: { ...tool } }),
    ...(resources !== undefined && { resources }),
  }
}

function draftOf(llm: LlmDetail, parts: readonly Part[], run: RunRecord, place: (time: number) => number): LlmDraft {
  const { requestParts, responseParts, attempts, toolCalls, firstToken, lastToken, ...rest } = llm
  const known = (indexes: readonly number[]): Part[] => indexes.flatMap((index) => parts[index] ?? [])
  const draft: LlmDraft = { ...rest }
  if (requestParts !== undefined) {
    draft.request = { base: undefined, keep: 0, tail: known(requestParts) }
    run.requests.entries.push(draft.request)
  }
  if (responseParts !== undefined) draft.response = known(responseParts)
  if (attempts !== undefined) draft.attempts = attempts.map((attempt) => placed(attempt, place))
  if (toolCalls !== undefined) draft.toolCalls = [...toolCalls]
  if (firstToken !== undefined) draft.firstToken = place(firstToken)
  if (lastToken !== undefined) draft.lastToken = place(lastToken)
  return draft
}

function placed({ start, firstByte, end, ...rest }: Attempt, place: (time: number) => number): Writable<Attempt> {
  return {
    ...rest,
    start: place(start),
    ...(firstByte !== undefined && { firstByte: place(firstByte) }),
    ...(end !== undefined && { end: place(end) }),
  }
}

/** What names spans by id names them by their new ones; what is not there any more is not named. */
function connect(span: Span, taken: ReadonlyMap<string, SpanRecord>): void {
  const record = taken.get(span.id)
  if (record === undefined) return
  const tool = record.details?.tool
  const issuer = tool?.issuedBy === undefined ? undefined : taken.get(tool.issuedBy)
  if (tool?.issuedBy !== undefined) {
    if (issuer === undefined) delete tool.issuedBy
    else tool.issuedBy = issuer.id
  }
  const needed = span.dependsOn?.flatMap((id) => taken.get(id)?.id ?? [])
  if (needed !== undefined && needed.length > 0) record.extend().dependsOn = needed
}
