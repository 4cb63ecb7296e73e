import type { Part } from '../model/message.ts'
import type { Span, Trace } from '../model/span.ts'
import { seal, sealText, seedOf } from './frame.ts'
import { safeTrace } from './redact.ts'
import { factsOf, VERSION, type EndRecord, type RunFacts, type RunRecordLine, type StoredSpan } from './records.ts'

/** Writes the records of one run as lines, each with its end of line. Holds no state but the run's id. */
export class RunEncoder {
  readonly #facts: RunFacts
  readonly #seed: number

  constructor(facts: RunFacts) {
    this.#facts = facts
    this.#seed = seedOf(facts.id)
  }

  header(): string {
    return line({ format: 'spanwise', version: VERSION, run: this.#facts }, 0)
  }

  /** @param at the span's place among the spans of the trace */
  span(span: Span, at: number): string {
    return this.#record({ span: withoutTrace(span), at })
  }

  /** The same line for a span that has nothing but its frame, as most have: several times as fast. */
  bareSpan({ id, parentId, name, category, start, end, outcome }: Span, at: number): string {
    const parent = parentId === undefined ? '' : `"parentId":"${parentId}",`
    const json = `{"span":{"id":"${id}",${parent}"name":${JSON.stringify(name)},"category":${JSON.stringify(category)},"start":${start},"end":${end},"outcome":{"state":"${outcome.state}"}},"at":${at}}`
    return `${sealText(json, this.#seed)}\n`
  }

  open(span: Span, at: number): string {
    return this.#record({ open: withoutTrace(span), at })
  }

  part(part: Part, at: number): string {
    return this.#record({ part, at })
  }

  end(end: EndRecord['end']): string {
    return line({ end, format: 'spanwise', version: VERSION, run: this.#facts }, 0)
  }

  #record(record: RunRecordLine): string {
    return line(record, this.#seed)
  }
}

/** Undefined is as if it were not there, and the rest keeps its order. */
const withoutTrace = (span: Span): StoredSpan => ({ ...span, ...NO_TRACE })
const NO_TRACE = { traceId: undefined }

function line(record: RunRecordLine | EndRecord | Omit<EndRecord, 'end'>, seed: number): string {
  try {
    return `${seal(record, seed)}\n`
  } catch {
    // A provider's raw usage is the one value whose shape is not ours: circular, a bigint, too deep.
    return `${seal(withoutRaw(record), seed)}\n`
  }
}

function withoutRaw<T extends object>(record: T): T {
  if (!('span' in record)) return record
  const { llm, ...span } = record.span as Span
  if (llm?.usage === undefined) return record
  const { raw: _raw, ...usage } = llm.usage
  return { ...record, span: { ...span, llm: { ...llm, usage } } }
}

/** The whole run file of a finished trace, as docs/format.md describes it, with what looks like a secret masked. Write it as UTF-8. */
export function encodeTrace(source: Trace): string {
  const trace = safeTrace(source)
  const { spans, parts, dropped, overheadNs, selfErrors } = trace
  const encoder = new RunEncoder(factsOf(trace))
  const lines = [encoder.header()]
  for (const [at, part] of parts.entries()) lines.push(encoder.part(part, at))
  for (const [at, span] of spans.entries()) lines.push(encoder.span(span, at))
  lines.push(encoder.end({ spans: spans.length, parts: parts.length, dropped, overheadNs, selfErrors }))
  return lines.join('')
}
