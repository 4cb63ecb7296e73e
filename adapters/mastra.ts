import { addContextFinder, CallbackSpans, within, type LlmCall, type Profiler, type SpanRecord } from '../src/kit.ts'
import { describe, outcomeOfSpan, TOOLS } from './mastra/kinds.ts'
import { askedIn, callStart, generationOf, tellAnswer, tellRequest, usageOf, type Generation } from './mastra/model-call.ts'
import { attributesOf, nameOf, timeOf, type MastraEvent, type MastraSpan } from './mastra/shapes.ts'
import { fields, jsonText, text } from './shared/json.ts'
import { profilerOf } from './shared/options.ts'
import { providerName } from './shared/provider-names.ts'
import { toldTime } from './shared/told-time.ts'

export interface ExporterOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** Says which of Mastra's spans is current, where this is not its bridge and Mastra's own function for it can be reached. */
  readonly getCurrentSpan?: () => { readonly id: string } | null | undefined
}

/** For `exporters` of Mastra's observability, or for its `bridge`, which runs tools and steps in our context too. Nothing of it throws. */
export interface SpanwiseExporter {
  readonly name: 'spanwise'
  exportTracingEvent(event: MastraEvent): Promise<void>
  /** The same before Mastra 1.0. */
  exportEvent(event: MastraEvent): Promise<void>
  /** As a bridge: Mastra keeps its own ids. */
  createSpan(options: unknown): undefined
  executeInContext<T>(spanId: string, fn: () => Promise<T>): Promise<T>
  executeInContextSync<T>(spanId: string, fn: () => T): T
  /** There is nothing to wait for: spans are recorded as they come. */
  flush(): Promise<void>
  shutdown(): Promise<void>
}

/**
 * Records what Mastra's observability tells: agents, calls of models, tools, workflows, memory. Written against the shapes of
 * `@mastra/core` 1.x and its own recorded traces, not run with the package. A generation is no span of its own but its calls are; a
 * step of one is a call, or where Mastra tells of the provider's part of it (`model_inference`), that is.
 * @throws TypeError when `options.profiler` is no Profiler
 */
export function spanwiseExporter(options: ExporterOptions = {}): SpanwiseExporter {
  const profiler = profilerOf('spanwiseExporter(options)', options)
  const recording = new Recording(profiler, options.getCurrentSpan)
  const take = (event: MastraEvent): Promise<void> => {
    try {
      recording.take(event)
    } catch (error) {
      profiler.noteError(error)
    }
    return Promise.resolve()
  }
  const inContext = <T>(spanId: string, fn: () => T): T => {
    const span = recording.current(spanId)
    return span === undefined ? fn() : within(span, fn)
  }
  return {
    name: 'spanwise',
    exportTracingEvent: take,
    exportEvent: take,
    createSpan: () => undefined,
    executeInContext: inContext,
    executeInContextSync: inContext,
    flush: () => Promise.resolve(),
    shutdown: () => {
      recording.stop()
      return Promise.resolve()
    },
  }
}

/** A span of Mastra's that has started and not ended. */
interface Node {
  readonly span: MastraSpan
  readonly startedMs: number
  /** By profiler's clock: the answer was there, although a tool made its step last longer. */
  answeredMs?: number
  generation?: Generation
  /** The id of the span that is the call which this belongs to. */
  callId?: string
  hasAsked?: boolean
}

/** Spans that never end must not be kept for ever. */
const MAX_NODES = 20_000
const MAX_EVENTS = 1_000
/** From a chunk to its generation there are three. */
const MAX_HOPS = 8
/** They are no spans here, but parts of a call, or what holds several. */
const TRANSPARENT = new Set(['model_generation', 'model_step', 'model_inference', 'model_chunk'])
const CONTENT = /^(text|reasoning|object|tool-call)/

class Recording {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #nodes = new Map<string, Node>()
  /** An exporter that is the bridge as well is told of each twice. */
  readonly #events = new Set<string>()
  /** Whether this version tells of the provider's part of a step. */
  #hasInferences = false
  readonly #forget: (() => void) | undefined

  constructor(profiler: Profiler, getCurrentSpan: ExporterOptions['getCurrentSpan']) {
    this.#profiler = profiler
    this.#spans = new CallbackSpans(profiler, 'mastra')
    if (getCurrentSpan !== undefined) this.#forget = addContextFinder(() => this.current(getCurrentSpan()?.id))
  }

  take({ type, exportedSpan: span }: MastraEvent): void {
    if (!this.#profiler.enabled) return
    if (span.isEvent === true) return type === 'span_ended' ? this.#event(span) : undefined
    if (type === 'span_started') this.#starts(span)
    else if (type === 'span_ended') this.#ends(span)
  }

  /** What is open of a span, or of what it is below; a call of a model for a part of one. */
  current(id: string | undefined): SpanRecord | undefined {
    const node = id === undefined ? undefined : this.#nodes.get(id)
    return this.#spans.span(node?.callId) ?? this.#spans.span(this.#above(id))
  }

  #starts(span: MastraSpan): void {
    if (this.#nodes.has(span.id)) return
    const node: Node = { span, startedMs: toldTime(this.#profiler, timeOf(span.startTime)) }
    if (this.#nodes.size >= MAX_NODES) this.#drop(this.#nodes.keys().next().value!)
    this.#nodes.set(span.id, node)
    switch (span.type) {
      case 'model_generation':
        node.generation = generationOf(span)
        return
      case 'model_step':
        if (!this.#hasInferences) this.#beginCall(node)
        return
      case 'model_inference': return this.#inference(node)
      case 'model_chunk': return this.#chunk(node)
      case 'rag_embedding': return this.#embedding(node)
      default: return TOOLS.has(span.type) ? this.#tool(node) : this.#plain(node)
    }
  }

  /** The nearest span above that is one here. */
  #above(id: string | undefined): string | undefined {
    let at = id
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const node = this.#node(at)
      if (node === undefined || !TRANSPARENT.has(node.span.type)) return at
      at = node.span.parentSpanId
    }
    return undefined
  }

  #node(id: string | undefined): Node | undefined {
    return id === undefined ? undefined : this.#nodes.get(id)
  }

  #generation(node: Node): Generation | undefined {
    let at: Node | undefined = node
    for (let hops = 0; at !== undefined && at.generation === undefined && hops < MAX_HOPS; hops++) at = this.#node(at.span.parentSpanId)
    return at?.generation
  }

  #place({ startedMs }: Node): { readonly startedMs?: number } {
    return startedMs === this.#profiler.now() ? {} : { startedMs }
  }

  #beginCall(node: Node): LlmCall | undefined {
    const { span } = node
    const generation = this.#generation(node)
    if (generation !== undefined) generation.steps++
    node.callId = span.id
    const call = this.#spans.beginLlm(span.id, this.#above(span.parentSpanId), { ...callStart(span, generation), place: this.#place(node) })
    call?.read(() => {
      tellRequest(call, span, generation)
      call.requestDone()
    })
    return call
  }

  #inference(node: Node): void {
    const step = this.#node(node.span.parentSpanId)
    const call = step?.callId === undefined ? undefined : this.#spans.call(step.callId)
    if (call === undefined) {
      this.#beginCall(node)
    } else {
      // The first one of all: its step was taken for the call, which begins now.
      node.callId = step!.callId!
      call.span.start = Math.max(call.span.start, call.span.run.sinceStart(node.startedMs))
      call.span.run.isUnsorted = true
    }
    if (step !== undefined) step.callId = node.callId!
    this.#hasInferences = true
  }

  #chunk(node: Node): void {
    const parent = this.#node(node.span.parentSpanId)
    if (parent?.callId === undefined) return
    node.callId = parent.callId
    if (CONTENT.test(text(attributesOf(node.span)['chunkType']) ?? '')) this.#spans.call(node.callId)?.token()
  }

  #embedding(node: Node): void {
    const { span } = node
    const attributes = attributesOf(span)
    const model = text(attributes['model'])
    const provider = text(attributes['provider'])
    const call = this.#spans.beginLlm(span.id, this.#above(span.parentSpanId), {
      name: model ?? span.name, category: 'embedding', provider: provider === undefined ? 'unknown' : providerName(provider), operation: 'embeddings', api: 'mastra',
      place: this.#place(node),
    })
    if (call !== undefined && model !== undefined) call.draft.requestModel = model
  }

  #tool(node: Node): void {
    const { span } = node
    const attributes = attributesOf(span)
    const step = this.#node(span.parentSpanId)
    if (step?.span.type === 'model_step') step.answeredMs ??= node.startedMs
    this.#spans.beginTool(span.id, this.#above(span.parentSpanId), {
      name: nameOf(span), arguments: span.input, callId: text(attributes['toolCallId']), place: this.#place(node),
      attributes: { 'mcp.server.name': attributes['mcpServer'] },
    })
  }

  #plain(node: Node): void {
    const { span } = node
    const { name, category } = describe(span)
    this.#spans.begin(span.id, this.#above(span.parentSpanId), name, category, this.#place(node))
  }

  #ends(span: MastraSpan): void {
    const node = this.#nodes.get(span.id)
    if (node === undefined) return
    const endedMs = toldTime(this.#profiler, timeOf(span.endTime))
    switch (span.type) {
      case 'model_chunk':
        this.#chunkEnds(node, span)
        break
      case 'model_generation':
        this.#generationEnds(node, span, endedMs)
        break
      case 'model_step':
      case 'model_inference':
        this.#callEnds(node, span, endedMs)
        break
      default:
        this.#tell(span)
        this.#end(span.id, span, endedMs)
    }
    this.#nodes.delete(span.id)
  }

  #end(id: string, span: MastraSpan, endedMs: number): void {
    this.#spans.end(id, outcomeOfSpan(span), this.#spans.span(id)?.run.sinceStart(endedMs))
  }

  #chunkEnds(node: Node, span: MastraSpan): void {
    const call = node.callId === undefined ? undefined : this.#spans.call(node.callId)
    const type = text(attributesOf(span)['chunkType']) ?? ''
    if (call === undefined || !CONTENT.test(type)) return
    call.token()
    if (type !== 'tool-call') return
    // Its tool may run before the step has ended.
    const before = call.draft.toolCalls ?? []
    call.read(() => {
      call.askedTools([askedIn(fields(span.output) ?? {})])
      call.draft.toolCalls = [...before, ...call.draft.toolCalls ?? []]
    })
    const owner = this.#nodes.get(node.callId!)
    if (owner !== undefined) owner.hasAsked = true
  }

  /** A step whose call is its inference has nothing more to tell. */
  #callEnds(node: Node, span: MastraSpan, endedMs: number): void {
    const { callId } = node
    const call = callId === undefined ? undefined : this.#spans.call(callId)
    if (call === undefined) return
    const isInference = span.type === 'model_inference'
    if (!isInference && callId !== span.id) return
    call.read(() => {
      const parts = tellAnswer(call, span, this.#nodes.get(callId!)?.hasAsked === true)
      this.#generation(node)?.history.push(...parts)
      if (call.draft.responseModel !== undefined && call.draft.requestModel === undefined) call.span.name = call.draft.responseModel
    })
    this.#end(callId!, span, isInference ? endedMs : node.answeredMs ?? endedMs)
  }

  /** One that told of no steps is one call, as far as anybody knows. */
  #generationEnds(node: Node, span: MastraSpan, endedMs: number): void {
    if (node.generation !== undefined && node.generation.steps > 0) return
    const call = this.#beginCall(node)
    call?.read(() => tellAnswer(call, span, false))
    this.#end(span.id, span, endedMs)
  }

  #tell(span: MastraSpan): void {
    const record = this.#spans.span(span.id)
    if (record === undefined) return
    if (TOOLS.has(span.type)) {
      this.#spans.toolGave(span.id, span.output)
      this.#remember(span, record)
      return
    }
    const call = this.#spans.call(span.id)
    if (call !== undefined) {
      call.usage(usageOf(attributesOf(span)['usage']))
      return
    }
    record.set(describe(span).attributes)
    const hidden = usageOf(attributesOf(span)['internalUsage'])
    record.set({ 'mastra.internal.input_tokens': hidden?.input?.total, 'mastra.internal.output_tokens': hidden?.output?.total })
  }

  /** What a tool gave is in what the next step sends. */
  #remember(span: MastraSpan, { details }: SpanRecord): void {
    const step = this.#node(span.parentSpanId)
    const generation = step && this.#generation(step)
    if (generation === undefined) return
    const result = span.errorInfo === undefined ? jsonText(span.output) : String(span.errorInfo.message)
    generation.results.push({ kind: 'tool-result', text: result, name: nameOf(span), callId: details?.tool?.callId })
  }

  #event(span: MastraSpan): void {
    if (TRANSPARENT.has(span.type) || this.#events.has(span.id)) return
    if (this.#events.size >= MAX_EVENTS) this.#events.clear()
    this.#events.add(span.id)
    const { name, category, attributes } = describe(span)
    this.#spans.begin(span.id, this.#above(span.parentSpanId), name, category)?.set(attributes)
    this.#spans.end(span.id)
  }

  #drop(id: string): void {
    this.#nodes.delete(id)
    this.#spans.end(id, { state: 'cancelled' })
  }

  stop(): void {
    this.#forget?.()
  }
}
