import { lendTexts } from '../model/transient.ts'
import type { Part } from '../model/message.ts'
import { OPEN, type ProcessFacts, type Span, type Trace } from '../model/span.ts'
import { hashOf, toPart } from './parts.ts'
import type { RunRecord, SpanRecord } from './recorder.ts'

/**
 * The trace of a run that has ended. Spans and parts take their public form when they are first read: most runs of a
 * long-lived service are never looked at.
 */
export function traceOf(run: RunRecord, facts: { readonly service: string | undefined; readonly process: ProcessFacts }): Trace {
  const { traceId, name, tags } = run.facts
  const spans = once(() => run.spans.map(toSpan))
  const keepText = run.owner.content === 'full'
  const parts = once(() => clipContent(run, run.parts.drafts.map((draft) => toPart(draft, keepText))))
  const trace: Trace = {
    id: traceId,
    name,
    ...(facts.service !== undefined && { service: facts.service }),
    ...(tags !== undefined && { tags }),
    startedAtEpochMs: run.startedAtEpochMs,
    get spans() { return spans() },
    get parts() { return parts() },
    process: facts.process,
    get dropped() {
      parts()
      return { spans: run.droppedSpans, contentBytes: run.droppedContentChars, parts: run.parts.dropped }
    },
    get overheadNs() { return Math.round(run.overheadMs * 1e6) },
    get selfErrors() { return run.selfErrors },
  }
  if (needsTexts(run)) lendTexts(trace, (part) => run.parts.drafts[part]?.text)
  else if (!keepText) forgetTextsWhenIdle(run, parts)
  return trace
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Local token counting reads the texts of calls whose provider told no usage. */
function needsTexts(run: RunRecord): boolean {
  return run.spans.some(({ details }) => details?.llm !== undefined && !details.llm.usage?.complete)
}

const CHARS_PER_SLICE = 1_000_000

/** Hashes what is left in slices of about two milliseconds, then lets go of the texts, which the run does not record. */
function forgetTextsWhenIdle(run: RunRecord, parts: () => readonly Part[]): void {
  if (run.parts.drafts.length === 0) return
  let next = 0
  const slice = (): void => {
    let chars = 0
    const { drafts } = run.parts
    while (next < drafts.length && chars < CHARS_PER_SLICE) {
      const draft = drafts[next++]!
      hashOf(draft)
      chars += draft.text.length
    }
    if (next < drafts.length) {
      setImmediate(slice).unref()
      return
    }
    parts()
    run.parts.drafts = []
  }
  setImmediate(slice).unref()
}

function clipContent(run: RunRecord, parts: readonly Part[]): readonly Part[] {
  let left = run.owner.limits.maxContentChars
  return parts.map((part) => {
    if (part.text === undefined) return part
    left -= part.text.length
    if (left >= 0) return part
    run.droppedContentChars += part.text.length
    const { text: _dropped, ...rest } = part
    return rest
  })
}

function toSpan(record: SpanRecord): Span {
  const { run, parent, name, category, start, ended, outcome, details } = record
  const isOpen = outcome === OPEN
  return {
    id: record.id,
    ...(parent !== undefined && { parentId: parent.id }),
    traceId: run.facts.traceId,
    name,
    category,
    start,
    ...(!isOpen && { end: ended }),
    outcome,
    ...publicDetails(details),
    ...(isLate(record) && { late: true as const }),
  }
}

function publicDetails(details: SpanRecord['details']): Partial<Span> {
  if (details === undefined) return {}
  const { attributes, ...rest } = details
  return { ...(rest as Partial<Span>), ...(attributes !== undefined && { attributes: { ...attributes } }) }
}

/** Work that its parent did not wait for. A span still open when its parent had ended is late as well. */
function isLate({ parent, ended, outcome }: SpanRecord): boolean {
  if (parent === undefined || parent.ended === -1) return false
  return outcome === OPEN || ended > parent.ended
}

