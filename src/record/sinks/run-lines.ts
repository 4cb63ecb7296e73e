import type { PartList } from '../../model/part-list.ts'
import type { LlmDetail, ProcessFacts, Span } from '../../model/span.ts'
import { RunEncoder, type EndedSpan, type Redactor } from '../../trace-file/index.ts'
import { hashAhead, type LoggedRequest } from '../parts.ts'
import type { Details, LlmDraft, RunRecord, SpanRecord } from '../recorder.ts'
import { isLate, PartStore, toSpan, type NumberedCalls } from '../trace.ts'

export interface FileFacts {
  readonly service: string | undefined
  readonly process: ProcessFacts
}

/** What of one run still has to be written, turned into lines when the writer has time. */
export class RunLines {
  readonly run: RunRecord
  /** Spans that had ended, in the lines that were taken last. */
  takenSpans = 0
  /** About how many characters wait here. */
  weight = 0
  readonly #encoder: RunEncoder
  readonly #redactor: Redactor
  readonly #parts: PartStore
  #writtenParts = 0
  /** Spans that ended, or are under way, and of which the file does not know yet. */
  #queue: SpanRecord[] = []
  #isSorted = true
  /** Spans under way when they were last looked at. */
  readonly #open = new Set<SpanRecord>()
  /** Up to where the run's spans and texts were looked at. */
  #seenSpans = 0
  #seenChars = 0
  #lostSpans = 0
  #hasHeader = false
  /** The run has ended, but not all of it is written. */
  #isEnding = false

  constructor(run: RunRecord, { service, process }: FileFacts, redactor: Redactor) {
    const { traceId, name, tags } = run.facts
    const { limits, content } = run.owner
    this.run = run
    this.#redactor = redactor
    this.#parts = new PartStore(limits.maxPartsPerRun, content === 'full' ? limits.maxContentChars : 0)
    this.#encoder = new RunEncoder(redactor.run({
      id: traceId,
      name,
      ...(service !== undefined && { service }),
      ...(tags !== undefined && { tags }),
      startedAtEpochMs: run.startedAtEpochMs,
      process,
    }))
  }

  /** Whether there is anything to take. */
  get hasMore(): boolean {
    return this.#queue.length > 0 || this.#isEnding || !this.#hasHeader || (this.run.open && this.run.spans.length > this.#seenSpans)
  }

  get isDone(): boolean {
    return !this.#isEnding && !this.run.open && this.#queue.length === 0
  }

  /** @returns by how much the weight has grown */
  add(span: SpanRecord): number {
    this.#queue.push(span)
    this.#isSorted = false
    // What ends after its run follows the run's end, which is then written again.
    if (!this.run.open) this.#isEnding = true
    let grown = weightOf(span)
    if (span.details?.llm !== undefined) {
      grown += this.run.textChars - this.#seenChars
      this.#seenChars = this.run.textChars
    }
    this.weight += grown
    return grown
  }

  /**
   * There is no room for a span that has ended.
   * @returns whether it is lost; when the file knows of it already, its end comes with the end of the run
   */
  leaveOut(span: SpanRecord): boolean {
    if (this.#open.has(span)) return false
    this.#lostSpans++
    return true
  }

  /** @returns how many spans that had ended are given up */
  discard(): number {
    const spans = this.#queue.filter(({ open }) => !open).length
    this.#queue = []
    this.weight = 0
    this.#isEnding = false
    this.#hasHeader = true
    this.#seenSpans = this.run.spans.length
    this.#open.clear()
    return spans
  }

  /** The run has ended: what it holds may be freed any time now, so what is not written yet is noted. */
  seal(): void {
    this.#isEnding = true
    this.noteOpen()
  }

  /**
   * Parents stand before their children, whether they are under way or have ended: so wherever the file breaks off, what is
   * there is a tree.
   * @returns lines up to about so many spans and characters; those of the run's end once nothing is left before it
   */
  take(maxSpans: number, maxChars: number): string {
    let lines = this.#hasHeader ? '' : this.#encoder.header()
    this.#hasHeader = true
    this.takenSpans = 0
    if (this.run.open) this.noteOpen()
    // What a value was seen in stands in the span's line: so its texts are looked at first, as far as a slice goes. Beyond that the
    // line says nothing of it: the file must not wait for it, and what is not said proves nothing.
    this.run.values.work(Number.isFinite(maxSpans) ? VALUE_CHARS_PER_SLICE : maxSpans)
    if (!this.#isSorted) this.#queue.sort((a, b) => a.number - b.number)
    this.#isSorted = true
    const queue = this.#queue
    let hashable = HASHED_CHARS
    let taken = 0
    for (let last: SpanRecord | undefined; taken < queue.length && taken < maxSpans && lines.length < maxChars; taken++) {
      const span = queue[taken]!
      if ((hashable = hashCall(span, hashable)) === 0) break
      // It was noted as under way, and has ended since.
      if (span === last) continue
      last = span
      lines += span.open ? this.#encoder.open(this.#redactor.span(toSpan(span, NONE)), span.number - 1) : this.#ended(span)
      if (!span.open) this.weight = Math.max(0, this.weight - weightOf(span))
    }
    this.#queue = taken < queue.length ? queue.slice(taken) : []
    if (this.#queue.length > 0) return lines
    this.weight = 0
    return this.#isEnding ? lines + this.#end(maxChars - lines.length) : lines
  }

  /** What is under way now will be in the file, whatever else is left out: so what is in it has its parents. */
  noteOpen(): void {
    const { spans } = this.run
    if (spans.length <= this.#seenSpans) return
    const found = spans.slice(this.#seenSpans).filter(({ open }) => open)
    this.#seenSpans = spans.length
    for (const span of found) {
      this.#open.add(span)
      this.#queue.push(span)
      this.#isSorted = false
    }
  }

  #ended(span: SpanRecord): string {
    this.#open.delete(span)
    this.takenSpans++
    return this.#span(span)
  }

  /** Spans that are still under way come first, and as many as fit. */
  #end(maxChars: number): string {
    let lines = ''
    for (const span of this.#open) {
      if (lines.length > maxChars) return lines
      lines += this.#ended(span)
    }
    this.#isEnding = false
    this.#parts.forget()
    const { droppedSpans: spans, droppedAttributes: attributes, overheadMs, selfErrors } = this.run
    const { droppedChars: contentChars, droppedParts } = this.#parts
    return lines + this.#encoder.end({
      spans: this.#seenSpans - this.#lostSpans,
      parts: this.#writtenParts,
      dropped: { spans: spans + this.#lostSpans, contentChars, parts: droppedParts, ...(attributes > 0 && { attributes }) },
      overheadNs: Math.round(overheadMs * 1e6),
      selfErrors,
    }, this.#redactor.text(this.run.name, 'run.name'))
  }

  #span(record: SpanRecord): string {
    const { details, number } = record
    const at = number - 1
    // It may still be under way at the end of its run.
    if (record.open) return this.#openAtEnd(record, at)
    const { parent, name, category, start, ended, outcome } = record
    const { attributes, llm, tool, dependsOn, values, resources } = details ?? NO_DETAILS
    const span = this.#redactor.span({
      id: record.id, parentId: parent?.id, traceId: '', name, category, start, end: ended, outcome, attributes,
      llm: llm && this.#llm(llm, at), tool, dependsOn, values, resources, late: isLate(record) || undefined,
    } as Span)
    const line = this.#encoder.ended(span as EndedSpan, at)
    return llm === undefined ? line : this.#newParts() + line
  }

  #openAtEnd(record: SpanRecord, at: number): string {
    const { request, response } = record.details?.llm ?? NO_CALL
    const list = request && this.#listOf(request)
    const line = this.#encoder.span(this.#redactor.span(toSpan(record, { request: () => undefined, response: () => response && this.#parts.indexes(response) })), at, list)
    return this.#newParts() + line
  }

  /** A copy of what is recorded of a call: undefined is as if it were not there. */
  #llm(draft: LlmDraft, at: number): LlmDetail {
    const { request, response } = draft
    return {
      ...draft,
      request: undefined,
      response: undefined,
      requestParts: request && this.#encoder.request(this.#listOf(request), at),
      responseParts: response && this.#parts.indexes(response),
    } as LlmDetail
  }

  #listOf(request: LoggedRequest): PartList {
    return this.#parts.present(this.#numbersOf(request))
  }

  /** Those of the requests that it goes on from come first. */
  #numbersOf(entry: LoggedRequest): PartList {
    const unnumbered: LoggedRequest[] = []
    for (let next: LoggedRequest | undefined = entry; next !== undefined && next.numbers === undefined; next = next.base) unnumbered.push(next)
    for (let next = unnumbered.pop(); next !== undefined; next = unnumbered.pop()) next.numbers = this.#parts.list(next, next.base?.numbers)
    return entry.numbers!
  }

  #newParts(): string {
    const { parts } = this.#parts
    let lines = ''
    for (; this.#writtenParts < parts.length; this.#writtenParts++) {
      lines += this.#encoder.part(this.#redactor.part(parts[this.#writtenParts]!), this.#writtenParts)
    }
    return lines
  }
}

const VALUE_CHARS_PER_SLICE = 200_000

/** A span under way is told without its parts: they come with its end. */
const NONE: NumberedCalls = { request: () => undefined, response: () => undefined }

const NO_DETAILS: Details = {}
const NO_CALL: Pick<LlmDraft, 'request' | 'response'> = {}

/** Characters that one slice hashes: two milliseconds of work. */
const HASHED_CHARS = 1_000_000

/**
 * Hashes the parts of a call, up to so many characters.
 * @returns the characters that are left; 0 when the call is not done, and has to wait for the next slice
 */
function hashCall({ details }: SpanRecord, chars: number): number {
  const llm = details?.llm
  let left = chars
  for (let entry = llm?.request; entry !== undefined && entry.numbers === undefined && left > 0; entry = entry.base) left = hashAhead(entry.tail, left)
  return llm?.response === undefined || left === 0 ? left : hashAhead(llm.response, left)
}

/** About what a span and its line take, beside its texts. */
const SPAN_CHARS = 300

function weightOf({ details }: SpanRecord): number {
  if (details === undefined) return SPAN_CHARS
  const { tool, attributes } = details
  let chars = SPAN_CHARS + (tool?.arguments?.length ?? 0) + (tool?.result?.length ?? 0)
  for (const name in attributes) {
    const value = attributes[name]
    if (typeof value === 'string') chars += value.length
    else if (Array.isArray(value)) chars += String(value).length
  }
  return chars
}
