import type { Span, Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'
import { ValueLog } from '../model/value-log.ts'
import type { SpanValues } from '../model/values.ts'
import type { Timeline } from './timeline.ts'

/**
 * Where the values of each span's input come from, by index: as they were noted while the run was recorded; else looked for in
 * the texts, where the trace has some (`content: 'full'`, or a transcript of another tool).
 */
export function valuesOf(trace: Trace, timeline: Timeline): readonly (SpanValues | undefined)[] {
  const { spans } = timeline
  if (spans.some(({ values }) => values !== undefined)) return spans.map(({ values }) => values)
  const texts = new Texts(trace, spans)
  if (!texts.hasAny) return spans.map(() => undefined)
  const found: (SpanValues | undefined)[] = spans.map(() => undefined)
  const log = new ValueLog<Span>({
    id: ({ id }) => id,
    issuedBy: ({ tool }) => tool?.issuedBy,
    isLlm: ({ llm }) => llm !== undefined,
    add: (span, values) => {
      const i = timeline.byId.get(span.id)
      if (i !== undefined) found[i] = { ...found[i], ...values }
    },
  })
  for (const { i, isStart } of moments(timeline)) {
    if (isStart) texts.begin(log, spans[i]!, timeline.start[i]!)
    else texts.end(log, spans[i]!, timeline.end[i]!)
    // What is noted is looked at in order, and need not be kept.
    log.work(Number.POSITIVE_INFINITY)
  }
  return found
}

/** Starts and ends of the spans that can have texts, in order of time; what ends when another starts was there before it. */
function moments({ spans, start, end }: Timeline): { readonly i: number; readonly isStart: boolean }[] {
  const all = spans.flatMap(({ llm, tool }, i) => (llm === undefined && tool === undefined ? [] : [{ i, isStart: true }, { i, isStart: false }]))
  const at = ({ i, isStart }: (typeof all)[number]): number => (isStart ? start[i]! : end[i]!)
  return all.sort((a, b) => at(a) - at(b) || Number(a.isStart) - Number(b.isStart) || a.i - b.i)
}

class Texts {
  readonly #trace: Trace
  readonly #told = new Set<number>()
  /** The part of a call or of its result, by the call's id. */
  readonly #calls = new Map<string, number>()
  readonly #results = new Map<string, number>()
  readonly hasAny: boolean

  constructor(trace: Trace, spans: readonly Span[]) {
    this.#trace = trace
    trace.parts.forEach(({ kind, callId }, part) => {
      if (callId === undefined) return
      if (kind === 'tool-call') this.#calls.set(callId, part)
      else if (kind === 'tool-result') this.#results.set(callId, part)
    })
    this.hasAny = spans.some(({ tool }) => tool?.arguments !== undefined || tool?.result !== undefined)
      || trace.parts.some((_, part) => textOf(trace, part) !== undefined)
  }

  begin(log: ValueLog<Span>, span: Span, at: number): void {
    const { llm, tool } = span
    for (const part of llm?.requestParts ?? []) {
      if (this.#told.has(part)) continue
      this.#told.add(part)
      const text = textOf(this.#trace, part)
      if (text !== undefined) log.given(text, at, this.#trace.parts[part]?.callId)
    }
    const text = tool?.arguments ?? this.#linked(this.#calls, tool?.callId)
    if (text !== undefined) log.input(span, text)
  }

  end(log: ValueLog<Span>, span: Span, at: number): void {
    const { llm, tool } = span
    for (const part of llm?.responseParts ?? []) {
      this.#told.add(part)
      const text = textOf(this.#trace, part)
      if (text !== undefined) log.answer(span, text, at)
    }
    const text = tool?.result ?? this.#linked(this.#results, tool?.callId)
    if (text !== undefined) log.output(span, text, at, tool?.callId)
  }

  #linked(parts: ReadonlyMap<string, number>, callId: string | undefined): string | undefined {
    const part = callId === undefined ? undefined : parts.get(callId)
    return part === undefined ? undefined : textOf(this.#trace, part)
  }
}
