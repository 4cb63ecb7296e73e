import { addContextFinder, CallbackSpans, within, type Place, type Profiler, type SpanRecord } from '../src/kit.ts'
import { activeSpanId, epochMsOf, epochNsOf, isSampled, parentIdOf, type OtelSpan } from './otel/shapes.ts'
import { callStart, isGenAi, outcomeOfSpan, read, tellAnswer, tellRequest, type Said } from './otel/tell.ts'
import { isFirstToHear } from './shared/heard.ts'
import { profilerOf } from './shared/options.ts'
import { toldTime } from './shared/told-time.ts'

export interface SpanProcessorOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /**
   * Which spans are recorded, asked when one starts: `true` in any case, `false` never (what is below it is then below what it is
   * below), `undefined` as without a filter: those of models, agents and tools, and what they are below.
   */
  readonly filter?: (span: OtelSpan) => boolean | undefined
}

/** OpenTelemetry's `SpanProcessor`, for `spanProcessors` of a tracer provider of the lines 1, 2 and 3. No method throws or rejects. */
export interface SpanwiseSpanProcessor {
  onStart(span: OtelSpan, parentContext?: unknown): void
  onEnd(span: OtelSpan): void
  /** There is nothing to wait for: spans are recorded as they come. */
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/**
 * Records what instrumentations of OpenTelemetry tell in this process: calls of models, agents, tools, retrievals, in the names of
 * OpenTelemetry's GenAI conventions (all generations), OpenInference, OpenLLMetry, the AI SDK, Langfuse, LangSmith and Laminar.
 * Other spans are recorded when one of these, or anything that Spanwise records itself, comes below them. Spans that the
 * sampler leaves out are left out here too.
 */
export function spanwiseSpanProcessor(options: SpanProcessorOptions = {}): SpanwiseSpanProcessor {
  const profiler = profilerOf('spanwiseSpanProcessor(options)', options)
  const recording = new Recording(profiler, options.filter)
  const quiet = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      profiler.noteError(error)
    }
  }
  return {
    onStart: (span) => quiet(() => recording.starts(span)),
    onEnd: (span) => quiet(() => recording.ends(span)),
    forceFlush: () => Promise.resolve(),
    shutdown: () => {
      quiet(() => recording.stop())
      return Promise.resolve()
    },
  }
}

interface Node {
  readonly span: OtelSpan
  /** Of the nearest span above that is not left out. */
  readonly parentId: string | undefined
  /** What was current when it started, outside of all that OpenTelemetry tells. */
  readonly around: SpanRecord | undefined
  readonly startedMs: number
  isOpen: boolean
  isRequestTold: boolean
}

/** Spans that never end must not be kept for ever. */
const MAX_NODES = 20_000

class Recording {
  readonly #profiler: Profiler
  readonly #filter: SpanProcessorOptions['filter']
  readonly #spans: CallbackSpans
  readonly #nodes = new Map<string, Node>()
  /** By the id of a span that is left out: what it is below. */
  readonly #leftOut = new Map<string, string | undefined>()
  #isOpening = false
  #forget: (() => void) | undefined

  constructor(profiler: Profiler, filter: SpanProcessorOptions['filter']) {
    this.#profiler = profiler
    this.#filter = filter
    this.#spans = new CallbackSpans(profiler, 'otel')
  }

  starts(span: OtelSpan): void {
    if (!this.#profiler.enabled || !isSampled(span) || !isFirstToHear(this.#profiler, span, this)) return
    this.#forget ??= addContextFinder((mayOpen) => this.#find(mayOpen))
    const { spanId } = span.spanContext()
    const parentId = this.#resolved(parentIdOf(span))
    const wanted = this.#filter?.(span)
    if (wanted === false) {
      this.#bound(this.#leftOut)
      this.#leftOut.set(spanId, parentId)
      return
    }
    const node: Node = {
      span, parentId, startedMs: toldTime(this.#profiler, epochMsOf(span.startTime)), around: this.#profiler.innermost(undefined), isOpen: false, isRequestTold: false,
    }
    this.#bound(this.#nodes)
    this.#nodes.set(spanId, node)
    if (wanted === true || isGenAi(span)) this.#open(spanId, node, false)
  }

  #bound(map: Map<string, unknown>): void {
    if (map.size < MAX_NODES) return
    const oldest = map.keys().next().value!
    map.delete(oldest)
    this.#spans.end(oldest, { state: 'cancelled' })
  }

  #resolved(id: string | undefined): string | undefined {
    return id !== undefined && this.#leftOut.has(id) ? this.#leftOut.get(id) : id
  }

  /**
   * Opens a span, and first those above it that were put off.
   * @param isLate it started before, and was put off
   */
  #open(id: string, node: Node, isLate: boolean, said: Said = read(node.span)): void {
    if (node.isOpen) return
    node.isOpen = true
    const parentId = this.#openAbove(node)
    this.#inOpening(() => this.#begin(id, parentId, node, said, isLate))
  }

  /** What is current then is so by what anybody else tells. */
  #inOpening<T>(work: () => T): T {
    const before = this.#isOpening
    this.#isOpening = true
    try {
      return work()
    } finally {
      this.#isOpening = before
    }
  }

  /** @returns the parent, open; undefined where a run began in between, to which it belongs */
  #openAbove({ parentId, around }: Node): string | undefined {
    const parent = parentId === undefined ? undefined : this.#nodes.get(parentId)
    if (parent === undefined || !this.#isAround(parentId!, parent, around)) return undefined
    this.#open(parentId!, parent, true)
    return parentId
  }

  /** Whether what is current somewhere below a span, by all but OpenTelemetry, was so when that span started, or came in it. */
  #isAround(id: string, node: Node, current: SpanRecord | undefined): boolean {
    return current === undefined || node.around?.run === current.run || this.#spans.span(id)?.run === current.run
  }

  #begin(id: string, parentId: string | undefined, node: Node, said: Said, isLate: boolean): void {
    const { span, startedMs, around } = node
    const parent = this.#spans.span(parentId)
    const above = around !== undefined && (parent === undefined || isWithin(around, parent)) ? around : parent
    const isApart = isLate && above === undefined && this.#profiler.innermost(undefined) !== undefined
    const place = { ...(startedMs !== this.#profiler.now() && { startedMs }), ...(isApart && { isRun: true }) }
    const begin = (): void => this.#beginAs(id, parentId, node, said, place)
    // What is current now may have begun later than it.
    if (isLate && above?.run.open === true) within(above, begin)
    else begin()
    if (above === undefined) this.#spans.span(id)?.set({ 'otel.trace_id': span.spanContext().traceId })
  }

  #beginAs(id: string, parentId: string | undefined, node: Node, said: Said, place: Place): void {
    const { category, llm, tool, texts } = said
    if (isCall(said)) {
      const call = this.#spans.beginLlm(id, parentId, { ...callStart(said, llm!, node.span.name), place })
      call?.read(() => {
        node.isRequestTold = tellRequest(call, llm!)
        // Also without a word of what it sends: a framework around it is found by where it is.
        call.requestDone()
      })
    } else if (tool !== undefined) {
      this.#spans.beginTool(id, parentId, { name: tool.name, arguments: texts.arguments, callId: tool.callId, place })
    } else {
      this.#spans.begin(id, parentId, nameOf(node.span, said), category, place)
    }
  }

  ends(span: OtelSpan): void {
    const { spanId } = span.spanContext()
    this.#leftOut.delete(spanId)
    const node = this.#nodes.get(spanId)
    if (node === undefined) return
    const said = read(span)
    if (said.isGenAi) this.#open(spanId, node, true, said)
    this.#nodes.delete(spanId)
    if (!node.isOpen) return
    this.#tell(spanId, node, said)
    const record = this.#spans.span(spanId)
    this.#spans.end(spanId, outcomeOfSpan(span), record?.run.sinceStart(toldTime(this.#profiler, epochMsOf(span.endTime))))
  }

  /** What is known of a span at its end. */
  #tell(id: string, node: Node, said: Said): void {
    const { span } = node
    const record = this.#spans.span(id)
    if (record === undefined) return
    const call = this.#spans.call(id) ?? (countsAlone(said, record) ? this.#spans.turnIntoLlm(id, callStart(said, said.llm!, span.name)) : undefined)
    if (call !== undefined && said.llm !== undefined) {
      const { llm } = said
      call.read(() => {
        if (!node.isRequestTold && tellRequest(call, llm)) call.requestDone()
        tellAnswer(call, llm, epochNsOf(span.startTime))
        if (call.span.details?.llm === call.draft && isCall(said)) record.name = llm.requestModel ?? llm.responseModel ?? span.name
      })
    } else if (said.tool !== undefined) {
      this.#spans.toolGave(id, said.texts.result)
    } else {
      record.name = nameOf(span, said)
      // One that repeats calls below it is what was done around them.
      record.category = isCall(said) ? 'internal' : said.category
    }
    if (said.attributes !== undefined) record.set(said.attributes)
  }

  /** Which of the spans is current, by OpenTelemetry's own context. */
  #find(mayOpen: boolean): SpanRecord | undefined {
    if (this.#isOpening) return undefined
    let id = this.#resolved(activeSpanId())
    if (id === undefined) return undefined
    const current = mayOpen ? this.#inOpening(() => this.#profiler.innermost(undefined)) : undefined
    for (let hops = 0; id !== undefined && hops < MAX_HOPS; hops++) {
      const node: Node | undefined = this.#nodes.get(id)
      if (node === undefined) return undefined
      if (mayOpen && this.#isAround(id, node, current)) this.#open(id, node, true)
      const record = this.#spans.span(id)
      if (record !== undefined || node.isOpen) return record
      id = node.parentId
    }
    return undefined
  }

  stop(): void {
    this.#forget?.()
    this.#forget = undefined
  }
}

const MAX_HOPS = 100

/** A call of a model or of an embedding; others may repeat the usage of what is below them. */
const isCall = ({ category, llm }: Said): boolean => llm !== undefined && (category === 'llm' || category === 'embedding')

/** Whether a span that was not known as a call tells of one, or tells tokens that nobody below it does. */
const countsAlone = (said: Said, record: SpanRecord): boolean =>
  said.llm !== undefined && (isCall(said) || said.llm.usage !== undefined)
  && !record.run.spans.some((span) => span !== record && span.details?.llm !== undefined && isWithin(span, record))

function isWithin(span: SpanRecord, around: SpanRecord): boolean {
  for (let up: SpanRecord | undefined = span; up !== undefined; up = up.parent) if (up === around) return true
  return false
}

function nameOf({ name }: OtelSpan, { category, attributes }: Said): string {
  const agent = attributes?.['gen_ai.agent.name']
  return category === 'agent' && typeof agent === 'string' && agent !== '' ? agent : name
}
