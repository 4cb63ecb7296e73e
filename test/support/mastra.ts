import type { SpanwiseExporter } from '../../adapters/mastra.ts'

/**
 * Tells of spans as Mastra's observability does, by the shapes of `@mastra/core` and of the traces that its own tests keep: an exporter gets
 * a copy at the start and at the end of each span, at once; a bridge also runs what happens in a span.
 */
export class MastraTracer {
  readonly #takers: readonly SpanwiseExporter[]
  readonly #bridge: SpanwiseExporter | undefined
  #count = 0

  constructor({ exporters = [], bridge }: { readonly exporters?: readonly SpanwiseExporter[]; readonly bridge?: SpanwiseExporter | undefined }) {
    this.#takers = [...exporters, ...(bridge === undefined ? [] : [bridge])]
    this.#bridge = bridge
  }

  start(type: string, name: string, parent?: MastraHandle, more: Told = {}): MastraHandle {
    this.#bridge?.createSpan({ type, name })
    const span = { id: String(++this.#count).padStart(16, '0'), traceId: 'f'.repeat(32), parentSpanId: parent?.id, type, name, startTime: new Date(), isEvent: false, ...more }
    return new MastraHandle(span, (kind, told) => this.#emit(kind, told), this.#bridge)
  }

  event(type: string, name: string, parent: MastraHandle, more: Told = {}): void {
    this.#emit('span_ended', { id: String(++this.#count), parentSpanId: parent.id, type, name, startTime: new Date(), isEvent: true, ...more })
  }

  #emit(type: string, exportedSpan: object): void {
    for (const taker of this.#takers) void taker.exportTracingEvent({ type, exportedSpan: structuredClone(exportedSpan) as never })
  }
}

interface Told {
  readonly attributes?: object
  readonly metadata?: object
  readonly input?: unknown
  readonly output?: unknown
  readonly errorInfo?: { readonly message: string; readonly name?: string }
  readonly entityId?: string
  readonly startTime?: Date
  readonly endTime?: Date
}

export class MastraHandle {
  #span: { readonly id: string; readonly attributes?: object }
  readonly #emit: (type: string, span: object) => void
  readonly #bridge: SpanwiseExporter | undefined

  constructor(span: { readonly id: string }, emit: (type: string, span: object) => void, bridge: SpanwiseExporter | undefined) {
    this.#span = span
    this.#emit = emit
    this.#bridge = bridge
    emit('span_started', span)
  }

  get id(): string {
    return this.#span.id
  }

  update(more: Told): void {
    this.#span = { ...this.#span, ...more, attributes: { ...this.#span.attributes, ...more.attributes } }
    this.#emit('span_updated', this.#span)
  }

  end(more: Told = {}): void {
    this.#emit('span_ended', { endTime: new Date(), ...this.#span, ...more, attributes: { ...this.#span.attributes, ...more.attributes } })
  }

  /** As Mastra runs a tool, a step or a model. */
  run<T>(fn: () => Promise<T>): Promise<T> {
    return this.#bridge === undefined ? fn() : this.#bridge.executeInContext(this.id, fn)
  }
}

interface Answer {
  readonly text?: string
  readonly toolCalls?: readonly { readonly toolCallId: string; readonly toolName: string; readonly args: object }[]
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly [details: string]: unknown }
}

interface AgentRun {
  readonly name: string
  readonly model: string
  readonly prompt: string
  /** One for each call of the model. */
  readonly answers: readonly Answer[]
  readonly tools?: Readonly<Record<string, (args: never) => Promise<unknown>>>
  /** Newer versions tell of the provider's part of a step. */
  readonly inferences?: boolean
  readonly callIds?: boolean
  /** What really asks the model, in its context. */
  readonly ask?: (step: number) => Promise<unknown>
  readonly parent?: MastraHandle
}

/** An agent's run as Mastra tells it: a generation, in it the steps, in them chunks and tools. */
export async function runMastraAgent(tracer: MastraTracer, { name, model, prompt, answers, tools = {}, inferences = false, callIds = true, ask, parent }: AgentRun): Promise<string> {
  const agent = tracer.start('agent_run', `agent run: '${name}'`, parent, {
    entityId: name, attributes: { conversationId: 'thread-1', instructions: 'Be brief' }, metadata: { runId: 'run-1' }, input: prompt,
  })
  const messages = [{ role: 'system', content: 'Be brief' }, { role: 'user', content: [{ type: 'text', text: prompt }] }]
  const common = { model, provider: 'openai.chat', streaming: true, parameters: { maxOutputTokens: 100 } }
  const generation = tracer.start('model_generation', `llm: '${model}'`, agent, { attributes: common, input: { messages } })
  const total = { inputTokens: 0, outputTokens: 0 }
  for (const [i, { text = '', toolCalls = [], usage }] of answers.entries()) {
    const step = tracer.start('model_step', `step: ${i}`, generation, { attributes: { stepIndex: i }, metadata: { modelMetadata: { modelId: model } }, input: {} })
    const inference = inferences ? tracer.start('model_inference', `inference: ${i}`, step, { attributes: { ...common, stepIndex: i } }) : undefined
    await generation.run(async () => ask?.(i))
    const told = { usage, finishReason: toolCalls.length > 0 ? 'tool-calls' : 'stop' }
    if (text !== '') tracer.start('model_chunk', "chunk: 'text'", inference ?? step, { attributes: { chunkType: 'text' } }).end({ output: { text } })
    for (const { toolCallId, toolName, args } of toolCalls) {
      tracer.start('model_chunk', "chunk: 'tool-call'", inference ?? step, { attributes: { chunkType: 'tool-call' } }).end({ output: { toolName, toolCallId, toolInput: args } })
    }
    inference?.end({ attributes: { ...told, responseId: `resp_${i}`, responseModel: `${model}-2024` }, output: { text, toolCalls } })
    await Promise.all(toolCalls.map(async ({ toolCallId, toolName, args }) => {
      const tool = tracer.start('tool_call', `tool: '${toolName}'`, step, { entityId: toolName, attributes: callIds ? { toolCallId } : {}, input: args })
      const output = await tool.run(() => tools[toolName]!(args as never))
      tool.end({ output, attributes: { success: true } })
      tracer.event('model_chunk', "chunk: 'tool-result'", step, { attributes: { chunkType: 'tool-result' }, metadata: { toolCallId, toolName } })
    }))
    step.end({ attributes: told, output: { text, toolCalls } })
    total.inputTokens += usage.inputTokens
    total.outputTokens += usage.outputTokens
  }
  const text = answers.at(-1)?.text ?? ''
  generation.end({ attributes: { usage: total, finishReason: 'stop', responseId: 'resp_last' }, output: { text } })
  agent.end({ output: { text } })
  return text
}
