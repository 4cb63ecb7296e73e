import { addContextFinder, CallbackSpans, type Outcome, type Profiler, type SpanRecord } from '../src/kit.ts'
import { callStart, isLeft, readCall } from './openai-agents/model-call.ts'
import { agentsContext, whenLeft, type AgentsSpan, type AgentsTrace } from './openai-agents/shapes.ts'
import { describe, handoffAttributes, outcomeOfSpan, traceAttributes } from './openai-agents/spans.ts'
import { isFirstToHear } from './shared/heard.ts'
import { fields, text, type Fields } from './shared/json.ts'
import { profilerOf } from './shared/options.ts'

export interface ProcessorOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** OpenTelemetry's provider name of the models, where their spans do not tell it. Default: `openai`. */
  readonly provider?: string
  /** The SDK's own `getCurrentSpan`, for versions that keep their context where nobody else finds it. */
  readonly getCurrentSpan?: () => AgentsSpan | null | undefined
}

/** A trace processor, as `addTraceProcessor` and `setTraceProcessors` take it. No method of it throws or rejects. */
export interface SpanwiseProcessor {
  onTraceStart(trace: AgentsTrace): Promise<void>
  onTraceEnd(trace: AgentsTrace): Promise<void>
  onSpanStart(span: AgentsSpan): Promise<void>
  onSpanEnd(span: AgentsSpan): Promise<void>
  /** Called when processors are replaced. What comes after is recorded all the same. */
  shutdown(timeout?: number): Promise<void>
  /** There is nothing to wait for: spans are recorded as they come. */
  forceFlush(): Promise<void>
}

/**
 * Records what the OpenAI Agents SDK (`@openai/agents`, tested with 0.20) does: traces, agents, calls of models, tools, handoffs,
 * guardrails. Clients wrapped by `wrapOpenAI`, tools of `profiler.tool` and the spans in them come below the right span, once.
 * Not seen: realtime sessions. Tasks and turns are no spans of their own, as they only group what an agent does and repeat its usage.
 */
export function spanwiseProcessor(options: ProcessorOptions = {}): SpanwiseProcessor {
  const profiler = profilerOf('spanwiseProcessor(options)', options)
  const recording = new Recording(profiler, options)
  const quiet = (work: () => void): Promise<void> => {
    try {
      work()
    } catch (error) {
      profiler.noteError(error)
    }
    return Promise.resolve()
  }
  return {
    onTraceStart: (trace) => quiet(() => recording.traceStarts(trace)),
    onTraceEnd: (trace) => quiet(() => recording.traceEnds(trace.traceId)),
    onSpanStart: (span) => quiet(() => recording.spanStarts(span)),
    onSpanEnd: (span) => quiet(() => recording.spanEnds(span)),
    shutdown: () => quiet(() => recording.stop()),
    forceFlush: () => Promise.resolve(),
  }
}

interface OpenTrace {
  /** Spans that have begun, so that copies which the SDK makes of them are not taken for new ones. */
  readonly begun: Set<string>
  /** How many have not ended. */
  open: number
  /** Of the last span directly below the trace: the trace itself tells no error. */
  outcome: Outcome
  isWatched: boolean
}

/** Traces that are never ended must not be kept for ever. */
const MAX_TRACES = 1_000
/** What they hold is told once they have started: they begin when that is there. */
const TOLD_LATER = new Set(['response', 'generation', 'function'])
const CANCELLED: Outcome = { state: 'cancelled' }

class Recording {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #provider: string
  readonly #current: () => AgentsSpan | null | undefined
  readonly #traces = new Map<string, OpenTrace>()
  /** Started, and not begun here yet. */
  readonly #waiting = new Map<string, AgentsSpan>()
  /** By the id of a transparent span: what it is below. */
  readonly #above = new Map<string, string>()
  #forget: (() => void) | undefined

  constructor(profiler: Profiler, { provider = 'openai', getCurrentSpan }: ProcessorOptions) {
    this.#profiler = profiler
    this.#provider = provider
    this.#current = getCurrentSpan ?? (() => agentsContext()?.span)
    this.#spans = new CallbackSpans(profiler, 'openai-agents')
  }

  traceStarts(trace: AgentsTrace): void {
    const { traceId } = trace
    if (this.#traces.has(traceId) || !isFirstToHear(this.#profiler, trace, this)) return
    this.#forget ??= addContextFinder(() => this.#find())
    this.#spans.begin(traceId, undefined, trace.name, 'agent')?.set(traceAttributes(trace))
    const context = agentsContext()
    const isWatched = context?.trace?.traceId === traceId && whenLeft(context, () => this.#quietly(() => this.traceEnds(traceId)))
    this.#traces.set(traceId, { begun: new Set(), open: 0, outcome: { state: 'ok' }, isWatched })
    if (this.#traces.size > MAX_TRACES) this.traceEnds(this.#traces.keys().next().value!)
  }

  traceEnds(traceId: string): void {
    const trace = this.#traces.get(traceId)
    this.#traces.delete(traceId)
    this.#spans.end(traceId, trace?.outcome)
  }

  spanStarts(span: AgentsSpan): void {
    if (!isFirstToHear(this.#profiler, span, this)) return
    this.#forget ??= addContextFinder(() => this.#find())
    if (this.#traces.get(span.traceId)?.begun.has(span.spanId) === true) return
    if (!TOLD_LATER.has(span.spanData.type)) return this.#begin(span)
    this.#waiting.set(span.spanId, span)
    queueMicrotask(() => this.#beginWaiting(span.spanId))
  }

  #beginWaiting(id: string | null): void {
    const span = id === null ? undefined : this.#waiting.get(id)
    if (span !== undefined) this.#quietly(() => this.#begin(span))
  }

  /** The SDK itself calls this, or a client that looks for its place. */
  #quietly(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#profiler.noteError(error)
    }
  }

  #begin(span: AgentsSpan): void {
    const { spanId, traceId, parentId } = span
    const data = fields(span.spanData) ?? {}
    const trace = this.#traces.get(traceId)
    this.#waiting.delete(spanId)
    trace?.begun.add(spanId)
    if (trace !== undefined) trace.open++
    this.#beginWaiting(parentId)
    this.#open(spanId, this.#resolved(parentId ?? traceId), data)
  }

  #open(id: string, above: string, data: Fields): void {
    switch (data['type']) {
      case 'task':
      case 'turn':
        this.#above.set(id, above)
        return
      case 'function':
        this.#spans.beginTool(id, above, { name: text(data['name']) ?? 'function', arguments: data['input'] || undefined })
        return
      case 'response':
      case 'generation':
        this.#spans.beginLlm(id, above, callStart(data, this.#provider))
        return
      default: {
        const { name, category, attributes } = describe(data)
        this.#spans.begin(id, above, name, category)?.set(attributes)
      }
    }
  }

  #resolved(id: string): string {
    const above = this.#above.get(id)
    return above === undefined ? id : this.#resolved(above)
  }

  spanEnds(span: AgentsSpan): void {
    if (!isFirstToHear(this.#profiler, span, this)) return
    const { spanId, traceId, parentId } = span
    this.#beginWaiting(spanId)
    const trace = this.#traces.get(traceId)
    const data = fields(span.spanData) ?? {}
    // A stream that its reader left has no answer, and no error.
    const outcome = span.error === null && isLeft(data) ? CANCELLED : outcomeOfSpan(span)
    this.#above.delete(spanId)
    this.#tell(span, data)
    this.#spans.end(spanId, outcome)
    if (trace === undefined || !trace.begun.has(spanId)) return
    trace.open--
    if (parentId === null) trace.outcome = outcome
    // Nothing else would tell that a run has thrown.
    if (trace.open === 0 && !trace.isWatched && outcome.state !== 'ok') this.traceEnds(traceId)
  }

  /** What is known of a span at its end. */
  #tell(span: AgentsSpan, data: Fields): void {
    const call = this.#spans.call(span.spanId)
    if (call !== undefined) {
      call.read(() => {
        if (readCall(call, data)) call.requestDone()
        const model = call.draft.requestModel ?? call.draft.responseModel
        if (model !== undefined && call.span.details?.llm === call.draft) call.span.name = model
      })
      return
    }
    const record = this.#spans.span(span.spanId)
    if (record === undefined) return
    if (data['type'] === 'function') {
      this.#spans.toolGave(span.spanId, data['output'] || undefined)
      return
    }
    const { name, attributes } = describe(data)
    record.name = name
    record.set({ ...attributes, ...handoffAttributes(span) })
  }

  /** Which of the spans is current, by the SDK's own context. */
  #find(): SpanRecord | undefined {
    const context = agentsContext()
    const current = this.#current() ?? undefined
    if (current !== undefined) this.#meet(current)
    for (let span = current; span !== undefined; span = span.previousSpan) {
      const record = this.#spans.span(this.#resolved(span.spanId))
      if (record !== undefined) return record
    }
    const traceId = current?.traceId ?? context?.trace?.traceId
    return this.#spans.span(traceId)
  }

  /** A span that has started, but of which other processors are told first. */
  #meet(span: AgentsSpan): void {
    const trace = this.#traces.get(span.traceId)
    if (trace === undefined || trace.begun.has(span.spanId) || span.startedAt === null || span.endedAt !== null) return
    this.#waiting.set(span.spanId, span)
    this.#beginWaiting(span.spanId)
  }

  stop(): void {
    this.#forget?.()
    this.#forget = undefined
  }
}
