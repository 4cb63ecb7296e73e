import type { Part } from '../../model/message.ts'
import type { ProcessFacts } from '../../model/span.ts'
import { RunEncoder, type Redactor } from '../../trace-file/index.ts'
import type { PartDraft } from '../parts.ts'
import type { LlmDraft, RunRecord, SpanRecord } from '../recorder.ts'
import { PartStore, toSpan, type NumberedCalls } from '../trace.ts'

export interface FileFacts {
  readonly service: string | undefined
  readonly process: ProcessFacts
}

/** What of one run still has to be written, turned into lines when the writer has time. */
export class RunLines {
  readonly run: RunRecord
  readonly #encoder: RunEncoder
  readonly #redactor: Redactor
  readonly #parts: PartStore
  #writtenParts = 0
  /** Spans that ended, or are under way, and of which the file does not know yet. */
  #queue: SpanRecord[] = []
  /** Spans under way when they were last looked at. */
  readonly #open = new Set<SpanRecord>()
  /** Up to where the run's spans and requests were looked at. */
  #seenSpans = 0
  #seenRequests = 0
  #lastRequest: readonly (PartDraft | Part)[] = []
  readonly #requests = new WeakMap<LlmDraft, readonly number[]>()
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

  get queued(): number {
    return this.#queue.length
  }

  get isDone(): boolean {
    return !this.#isEnding && !this.run.open && this.#queue.length === 0
  }

  add(span: SpanRecord): void {
    this.#queue.push(span)
    // What ends after its run follows the run's end, which is then written again.
    if (!this.run.open) this.#isEnding = true
  }

  /** The run has ended: what it holds may be freed any time now, so what is not written yet is noted. */
  seal(): void {
    this.#isEnding = true
    this.#noteOpen()
    this.#readRequests()
  }

  /**
   * Parents stand before their children, whether they are under way or have ended: so wherever the file breaks off, what is
   * there is a tree.
   * @returns lines with at most about `maxSpans` spans; those of the run's end once nothing is left before it
   */
  take(maxSpans: number): string {
    let lines = this.#hasHeader ? '' : this.#encoder.header()
    this.#hasHeader = true
    if (this.run.open) {
      this.#readRequests()
      this.#noteOpen()
    }
    // What a value was seen in stands in the span's line: so a text that is still to be looked at comes first.
    this.run.values.work(Number.isFinite(maxSpans) ? VALUE_CHARS_PER_SLICE : maxSpans)
    if (Number.isFinite(maxSpans) && !this.run.values.isDone) return lines
    const batch = this.#queue.sort((a, b) => a.number - b.number)
    this.#queue = batch.length > maxSpans ? batch.splice(maxSpans) : []
    let last: SpanRecord | undefined
    for (const span of batch) {
      // It was noted as under way, and has ended since.
      if (span === last) continue
      last = span
      lines += span.open ? this.#encoder.open(this.#redactor.span(toSpan(span, NONE)), span.number - 1) : this.#span(span)
      if (!span.open) this.#open.delete(span)
    }
    return this.#isEnding && this.#queue.length === 0 ? lines + this.#end() : lines
  }

  #noteOpen(): void {
    const { spans } = this.run
    const found = spans.slice(this.#seenSpans).filter(({ open }) => open)
    this.#seenSpans = spans.length
    for (const span of found) {
      this.#open.add(span)
      this.#queue.push(span)
    }
  }

  #end(): string {
    this.#isEnding = false
    let lines = ''
    for (const span of this.#open) lines += this.#span(span)
    this.#open.clear()
    this.#lastRequest = []
    this.#parts.forget()
    const { droppedSpans: spans, droppedAttributes: attributes, overheadMs, selfErrors } = this.run
    const { droppedChars: contentChars, droppedParts } = this.#parts
    return lines + this.#encoder.end({
      spans: this.#seenSpans,
      parts: this.#writtenParts,
      dropped: { spans, contentChars, parts: droppedParts, ...(attributes > 0 && { attributes }) },
      overheadNs: Math.round(overheadMs * 1e6),
      selfErrors,
    })
  }

  #span(record: SpanRecord): string {
    const { details, outcome } = record
    if (details === undefined && outcome.state === 'ok') {
      const span = toSpan(record, NONE)
      if (span.late === undefined) return this.#encoder.bareSpan(this.#redactor.span(span), record.number - 1)
    }
    const span = toSpan(record, this.#calls(record))
    const parts = details?.llm === undefined ? '' : this.#newParts()
    return parts + this.#encoder.span(this.#redactor.span(span), record.number - 1)
  }

  /** Requests were numbered when they were sent, answers when their span is written. */
  #calls({ details }: SpanRecord): NumberedCalls {
    const response = details?.llm?.response
    const numbers = response === undefined ? undefined : this.#parts.indexes(response)
    return { request: this.#requests, response: { get: () => numbers } }
  }

  #readRequests(): void {
    const { entries } = this.run.requests
    for (; this.#seenRequests < entries.length; this.#seenRequests++) {
      const { of, keep, tail } = entries[this.#seenRequests]!
      this.#lastRequest = this.#lastRequest.slice(0, keep).concat(tail)
      this.#requests.set(of, this.#parts.indexes(this.#lastRequest))
    }
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
const NONE: NumberedCalls = { request: { get: () => undefined }, response: { get: () => undefined } }
