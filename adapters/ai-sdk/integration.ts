import { CallbackSpans, followChannel, outcomeOf, within, type Outcome, type Profiler, type SpanRecord } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readFinish, readResponse } from './answer.ts'
import { Embeddings } from './embeddings.ts'
import type { ModelCall } from './model-call.ts'
import { modelOf, OBSERVER, Operation, operationCategory, operationName, readSettings } from './operation.ts'
import { readPrompt } from './prompt.ts'

const CANCELLED: Outcome = { state: 'cancelled' }
/** Of Node's diagnostics: where version 7 runs its work. */
const CHANNEL = 'ai:telemetry'
/** Operations whose end is never told must not be kept for ever. */
const MAX_OPERATIONS = 20_000

/** What a telemetry integration of version 7 is told by. It runs the work itself where there is something to nest below it. */
export interface Integration {
  onStart(event: unknown): void
  onLanguageModelCallEnd(event: unknown): void
  onToolExecutionStart(event: unknown): void
  onToolExecutionEnd(event: unknown): void
  onObjectStepStart(event: unknown): void
  onObjectStepEnd(event: unknown): void
  onEmbedStart(event: unknown): void
  onEmbedEnd(event: unknown): void
  onRerankStart(event: unknown): void
  onRerankEnd(event: unknown): void
  onEnd(event: unknown): void
  onAbort(event: unknown): void
  onError(event: unknown): void
  executeLanguageModelCall<T>(options: { readonly callId: string; readonly execute: () => PromiseLike<T> }): PromiseLike<T>
  executeTool<T>(options: { readonly callId: string; readonly toolCallId: string; readonly execute: () => PromiseLike<T> }): PromiseLike<T>
}

class Told {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #operations = new Map<string, Operation>()
  readonly #embeddings: Embeddings
  #followsSteps = false

  constructor(profiler: Profiler) {
    this.#profiler = profiler
    this.#spans = new CallbackSpans(profiler, OBSERVER)
    this.#embeddings = new Embeddings(this.#spans)
  }

  start({ callId, operationId, functionId }: Fields): void {
    const [id, name] = [text(callId), text(operationId)]
    // Version 6 has callbacks of these names too, whose events tell no id: there the tracer tells of it.
    if (id === undefined || name === undefined || this.#operations.has(id)) return
    if (this.#operations.size >= MAX_OPERATIONS) for (const [, oldest] of this.#operations) { oldest.end(CANCELLED); break }
    const operation = new Operation(this.#spans, id, (outcome) => {
      this.#operations.delete(id)
      this.#embeddings.leave(operation)
      this.#spans.end(rerankId(operation), outcome)
    })
    this.#operations.set(id, operation)
    const span = this.#spans.begin(id, undefined, operationName(name, functionId), operationCategory(name))
    span?.set({ 'ai.operationId': name })
    if (span === undefined || this.#followsSteps) return
    this.#followsSteps = true
    followChannel(CHANNEL, (message) => this.#spanOfStep(message))
  }

  /** The user's own functions that run in a step, such as `prepareStep`, are below its operation. */
  #spanOfStep(message: unknown): SpanRecord | undefined {
    const { type, event } = fields(message) ?? {}
    return type === 'step' ? this.#of(fields(event) ?? {})?.span : undefined
  }

  end(event: Fields, outcome?: Outcome): void {
    this.#of(event)?.end(outcome)
  }

  /** The call that a request is of; undefined when it is not recorded, or by an integration around this one. */
  model(event: Fields): ModelCall | undefined {
    const operation = this.#of(event)
    if (operation?.span === undefined || operation.isCalling) return undefined
    const model = operation.callModel(modelOf(event), (call) => {
      readSettings(call, event)
      readPrompt(call, event)
    })
    if (event['recordOutputs'] === false) model?.hide()
    return model
  }

  /** The answer of a model is whole. */
  answered(event: Fields): void {
    const operation = this.#of(event)
    operation?.answered()
    operation?.model?.told()
  }

  /**
   * In an operation that is not recorded nothing is watched. That its reader has left is noticed when the answer of its model has gone
   * unread: until then no call outside of any run is recorded.
   */
  unwatched(event: Fields, value: unknown): void {
    const operation = this.#of(event)
    const stream = fields(value)?.['stream']
    if (operation?.span === undefined && stream instanceof ReadableStream) operation?.awaitAnswer(stream)
  }

  toolStart(event: Fields): void {
    const { callId, toolCall: said } = event
    const operation = this.#of(event)
    const call = fields(said)
    const [name, id] = [text(call?.['toolName']), text(call?.['toolCallId'])]
    if (operation?.span === undefined || name === undefined || this.#spans.span(toolId(callId, id)) !== undefined) return
    this.#spans.beginTool(toolId(callId, id), operation.id, {
      name, arguments: call!['input'], callId: id, attributes: operation.stepAttributes ?? {},
    })
  }

  tool({ callId, toolCallId }: Fields): SpanRecord | undefined {
    return this.#spans.span(toolId(callId, toolCallId))
  }

  toolEnd({ callId, toolCall, toolOutput }: Fields): void {
    const id = toolId(callId, fields(toolCall)?.['toolCallId'])
    const output = fields(toolOutput)
    if (output?.['type'] === 'tool-error') return this.#spans.end(id, outcomeOf(output['error']))
    this.#spans.toolGave(id, output?.['output'])
    this.#spans.end(id)
  }

  objectStart(event: Fields): void {
    const operation = this.#of(event)
    if (operation?.span === undefined || operation.isCalling) return
    operation.callModel(modelOf(event), (call) => readPrompt(call, { messages: event['promptMessages'] }))
  }

  objectEnd(event: Fields): void {
    const model = this.#of(event)?.model
    if (model === undefined) return
    const { call } = model
    call.read(() => {
      readResponse(call, fields(event['response']), event['providerMetadata'])
      readFinish(call, event)
      const [reasoning, written] = [text(event['reasoning']), text(event['objectText'])]
      if (reasoning) call.responseParts([{ kind: 'reasoning', text: reasoning }])
      if (written) call.responseParts([{ kind: 'assistant', text: written }])
      const ms = event['msToFirstChunk']
      if (typeof ms !== 'number') return
      call.draft.streamed = true
      call.draft.firstToken = call.span.start + Math.round(ms * 1e6)
    })
    model.leave(call.failure)
  }

  /** Failures are told by no event of their own. */
  embedStart(event: Fields): void {
    const operation = this.#of(event)
    const id = text(event['embedCallId'])
    if (operation?.span === undefined || id === undefined) return
    const { operationId, values } = event
    this.#embeddings.start(operation, modelOf(event), { id, operationId, values: list(values), request: values }, false)
  }

  embedEnd({ embedCallId, usage }: Fields): void {
    this.#embeddings.end(String(embedCallId), usage)
  }

  rerankStart(event: Fields): void {
    const operation = this.#of(event)
    if (operation?.span === undefined || this.#spans.span(rerankId(operation)) !== undefined) return
    this.#spans.begin(rerankId(operation), operation.id, modelOf(event).modelId, 'retrieval')
  }

  rerankEnd(event: Fields): void {
    const operation = this.#of(event)
    if (operation !== undefined) this.#spans.end(rerankId(operation))
  }

  #of({ callId }: Fields): Operation | undefined {
    return this.#operations.get(String(callId))
  }

  /** What an event says is the SDK's: reading it must not fail in its hands. */
  quietly<T>(look: () => T): T | undefined {
    try {
      return look()
    } catch (error) {
      this.#profiler.noteError(error)
      return undefined
    }
  }
}

const rerankId = ({ id }: Operation): string => `${id} rerank`

/** Ids of tool calls are the models'. */
const toolId = (callId: unknown, toolCallId: unknown): string => `${String(callId)} tool ${String(toolCallId)}`

/** Version 7 tells of an operation by its `callId`. What is told twice, to an integration that was registered twice, counts once. */
export function createIntegration(profiler: Profiler): Integration {
  const told = new Told(profiler)
  const on = (look: (event: Fields) => void) => (event: unknown): void =>
    told.quietly(() => (fields(event) === undefined ? undefined : look(fields(event)!)))
  return {
    onStart: on((event) => told.start(event)),
    onLanguageModelCallEnd: on((event) => told.answered(event)),
    onToolExecutionStart: on((event) => told.toolStart(event)),
    onToolExecutionEnd: on((event) => told.toolEnd(event)),
    onObjectStepStart: on((event) => told.objectStart(event)),
    onObjectStepEnd: on((event) => told.objectEnd(event)),
    onEmbedStart: on((event) => told.embedStart(event)),
    onEmbedEnd: on((event) => told.embedEnd(event)),
    onRerankStart: on((event) => told.rerankStart(event)),
    onRerankEnd: on((event) => told.rerankEnd(event)),
    onEnd: on((event) => told.end(event)),
    onAbort: on((event) => told.end(event, CANCELLED)),
    onError: on((event) => told.end(event, outcomeOf(event['error']))),
    async executeLanguageModelCall({ execute, ...event }) {
      const model = told.quietly(() => told.model(event))
      if (model !== undefined) return model.send(execute)
      const value = await execute()
      told.quietly(() => told.unwatched(event, value))
      return value
    },
    executeTool({ execute, ...event }) {
      const span = told.quietly(() => told.tool(event))
      return span === undefined ? execute() : within(span, execute)
    },
  }
}
