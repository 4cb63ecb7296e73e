import type { CallbackSpans, LlmCall, LlmCallStart, Outcome, SpanRecord } from '../../src/kit.ts'
import { text, type Fields } from '../shared/json.ts'
import { apiName, providerName } from '../shared/provider-names.ts'
import { ModelCall } from './model-call.ts'

const OK: Outcome = { state: 'ok' }
const CANCELLED: Outcome = { state: 'cancelled' }

/** The model as the SDK names it: provider `openai.chat`, model `gpt-5-mini`. */
export interface Model {
  readonly provider: string
  readonly modelId: string
}

export const modelOf = ({ provider, modelId }: Fields): Model => ({ provider: text(provider) ?? 'unknown', modelId: text(modelId) ?? 'unknown' })

/** The same as a call of it begins. */
export function callOf({ provider, modelId }: Model, category: 'llm' | 'embedding'): LlmCallStart {
  const operation = category === 'llm' ? 'chat' : 'embeddings'
  return { name: modelId, category, provider: providerName(provider), operation, api: apiName(provider) ?? operation }
}

/** Who sees calls by telemetry; the middleware is another one. */
export const OBSERVER = 'ai-sdk'

/** How `embed` and the like are named in a report; the user's own `functionId` goes before. */
export const operationName = (operationId: string | undefined, functionId: unknown): string =>
  (text(functionId) || operationId?.replace(/^ai\./, '')) ?? 'ai'

/** What only holds calls that are no steps of an agent. */
const PLAIN = /\.(embed|embedMany|rerank|generateSpeech|transcribe|generateImage|decide)$/

export const operationCategory = (operationId: string): 'agent' | 'internal' => (PLAIN.test(operationId) ? 'internal' : 'agent')

export function readSettings(call: LlmCall, { maxOutputTokens }: Fields): void {
  if (typeof maxOutputTokens === 'number') call.draft.maxOutputTokens = maxOutputTokens
}

/** Tells how many steps an operation took up to here, from 1: one call of a model, and the tools that it asked for. */
const STEP = 'ai.step'

/**
 * One call of the SDK by its user, such as `generateText`, while it is under way. Its steps call models one after the other; a request
 * that was refused and is sent again belongs to the call of the first one.
 */
export class Operation {
  readonly id: string
  readonly #spans: CallbackSpans
  readonly #over: (outcome: Outcome) => void
  #step = 0
  #model: ModelCall | undefined
  #modelId = ''
  /** Of a request that was refused, until it is sent again. */
  #refused: Outcome | undefined
  /** How the last call of a model failed. */
  #failure: Outcome | undefined
  #isOver = false
  #answers = 0

  /** @param over is called once, before it ends */
  constructor(spans: CallbackSpans, id: string, over: (outcome: Outcome) => void) {
    this.#spans = spans
    this.id = id
    this.#over = over
  }

  /** Undefined: nothing of it is recorded. */
  get span(): SpanRecord | undefined {
    return this.#spans.span(this.id)
  }

  get isCalling(): boolean {
    return this.#model?.call.open === true && this.#refused === undefined
  }

  /** What belongs to the step that is under way. */
  get stepAttributes(): Readonly<Record<string, number>> | undefined {
    return this.#step === 0 ? undefined : { [STEP]: this.#step }
  }

  /**
   * The call of this step's model.
   * @param readRequest notes what it sends, when it begins
   * @returns undefined when it is not recorded
   */
  callModel(model: Model, readRequest: (call: LlmCall) => void): ModelCall | undefined {
    if (this.#refused !== undefined) {
      this.#refused = undefined
      return this.#model
    }
    this.#model?.leave(OK)
    this.#failure = undefined
    const id = (this.#modelId = `${this.id} step ${++this.#step}`)
    const call = this.#spans.beginLlm(id, this.id, callOf(model, 'llm'))
    this.#model = call && new ModelCall(call, {
      refused: (outcome) => void (this.#refused = outcome),
      over: (outcome, at) => this.#answered(id, outcome, at),
      broken: (outcome, at) => {
        this.#answered(id, outcome, at)
        // Of a stream that its reader left the SDK tells no more, and versions 5 and 6 nothing of one that broke.
        this.end(outcome, at)
      },
    })
    if (call === undefined) this.#spans.end(id)
    else begin(call, model, readRequest, this.stepAttributes)
    return this.#model
  }

  #answered(id: string, outcome: Outcome, at?: number): void {
    this.#spans.end(id, outcome, at)
    if (outcome.state === 'failed') this.#failure = outcome
  }

  /** The call of the last step's model. */
  get model(): ModelCall | undefined {
    return this.#model
  }

  /** The model's answer is whole, as the SDK tells. */
  answered(): void {
    this.#answers++
  }

  /** Of an operation that is not recorded: `stream` is the answer of its next step. */
  awaitAnswer(stream: object): void {
    unread.register(stream, { operation: this, answers: this.#answers })
  }

  /**
   * @internal Nobody can tell of its end any more.
   * @param answers how many its models had given when the answer that has gone was to come
   */
  gone(answers: number = this.#answers): void {
    if (this.#answers === answers) this.end(CANCELLED, this.#model?.heardAt)
  }

  /** Ends it with all that is still under way in it. */
  end(outcome: Outcome = OK, at?: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#over(outcome)
    this.#model?.leave(this.#refused ?? outcome, at)
    this.#spans.end(this.#modelId, this.#refused ?? outcome, at)
    this.#spans.end(this.id, outcome.state === 'ok' ? this.#failure : outcome, at)
  }
}

/** Answers that nobody has read to the end. */
const unread = new FinalizationRegistry(({ operation, answers }: { readonly operation: Operation; readonly answers: number }) =>
  operation.gone(answers))

export function begin(
  call: LlmCall, { modelId }: Model, readRequest: (call: LlmCall) => void, attributes?: Readonly<Record<string, number>>,
): void {
  call.draft.requestModel = modelId
  if (attributes !== undefined) call.span.set(attributes)
  call.read(() => readRequest(call))
  call.read(() => call.requestDone())
}
