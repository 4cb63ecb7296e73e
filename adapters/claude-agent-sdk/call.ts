import { beginLlmCall, REQUEST, TIME, type Attempt, type LlmCall, type Outcome, type PartDraft, type Profiler, type SpanRecord } from '../../src/kit.ts'
import { blocksOf, isToolUse, partsOf, usageOf } from '../shared/claude-code/messages.ts'
import { fields, jsonText, text, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'

/** One request that failed and was sent again. Times by the profiler's clock. */
export interface Retry {
  readonly startedMs: number
  readonly failedMs: number
  readonly waitMs: number
  readonly status: number | undefined
  readonly error: string | undefined
}

export interface CallStart {
  readonly parent: SpanRecord
  readonly id: string | undefined
  readonly model: string | undefined
  readonly startedMs: number
  readonly request: readonly PartDraft[]
  readonly retries: readonly Retry[]
  /** The kind of error that it came to. */
  readonly failure?: string | undefined
}

/** One call of the model, of which the SDK tells once its answer comes, a block at a time. */
export class AgentCall {
  readonly id: string | undefined
  /** What it said, for the calls after it. */
  readonly said: PartDraft[] = []
  /** When its last part came. */
  lastMs: number
  outcome: Outcome = { state: 'ok' }
  readonly #profiler: Profiler
  readonly #llm: LlmCall | undefined
  readonly #messages: Fields[] = []
  /** Of the provider's own events, where those are told: exact at their end. */
  #counted: Fields | undefined
  #isStreamed = false
  #isOver = false
  #hasEnded = false
  #stopReason: string | undefined

  constructor(profiler: Profiler, { parent, id, model, startedMs, request, retries, failure }: CallStart) {
    this.#profiler = profiler
    this.id = id
    this.lastMs = profiler.now()
    // The error's own text may hold anything.
    if (failure !== undefined) this.outcome = { state: 'failed', type: 'ApiError', message: failure }
    this.#llm = beginLlmCall(profiler, {
      name: model ?? 'unknown', category: 'llm', provider: 'anthropic', operation: 'chat', api: 'messages', place: { parent, startedMs },
    })
    this.#llm?.read(() => {
      const { draft, span } = this.#llm!
      if (model !== undefined) draft.requestModel = draft.responseModel = model
      if (id !== undefined) draft.responseId = id
      draft.streamed = true
      span.set({ [TIME]: 'inferred', ...(request.length > 0 && { [REQUEST]: 'messages' }) })
      this.#tellRetries(retries, failure)
      for (const part of request) this.#llm!.requestText(part)
      this.#llm!.requestDone()
    })
  }

  /** Whether it asked for no tool, as far as is known. */
  get isAnswer(): boolean {
    return !this.#messages.some((message) => blocksOf(message).some(isToolUse))
  }

  #tellRetries(retries: readonly Retry[], failure: string | undefined): void {
    const { draft, span } = this.#llm!
    if (retries.length === 0) return
    const at = (clockMs: number): number => Math.max(span.start, span.run.sinceStart(clockMs))
    const cameTo = (status: number | undefined, error: string | undefined): Pick<Attempt, 'status' | 'error'> =>
      status === undefined ? { error: error ?? 'unknown' } : { status }
    const failed = retries.map(({ startedMs, failedMs, waitMs, status, error }) => ({
      start: at(startedMs), end: at(failedMs), waitNs: waitMs * 1e6, ...cameTo(status, error),
    }))
    const { failedMs, waitMs, status } = retries.at(-1)!
    const now = span.run.now()
    // The one that came to something now.
    const last = { start: Math.min(now, at(failedMs + waitMs)), end: now }
    draft.attempts = [...failed, failure === undefined ? { ...last, firstByte: now, status: 200 } : { ...last, ...cameTo(status, failure) }]
  }

  /** A message of the SDK's that holds a block of the answer, or several. */
  message(message: Fields): void {
    this.lastMs = this.#profiler.now()
    this.#messages.push(message)
    this.#stopReason = text(message['stop_reason']) ?? this.#stopReason
    const parts = partsOf(message, 'assistant')
    this.said.push(...parts)
    const llm = this.#llm
    llm?.read(() => {
      llm.responseParts(parts)
      const asked = blocksOf(message).filter(isToolUse)
      const before = llm.draft.toolCalls ?? []
      llm.askedTools(asked.map((block) => ({ id: text(block['id']), name: text(block['name']) ?? 'tool', arguments: jsonText(block['input']) })))
      if (asked.length > 0) llm.draft.toolCalls = [...before, ...llm.draft.toolCalls ?? []]
    })
  }

  /** One of the provider's own events. */
  event(event: Fields): void {
    this.lastMs = this.#profiler.now()
    this.#isStreamed = true
    switch (event['type']) {
      case 'message_start':
        this.#counted = { ...fields(fields(event['message'])?.['usage']) }
        break
      case 'content_block_delta':
        this.#llm?.token()
        break
      case 'message_delta':
        this.#counted = { ...this.#counted, ...fields(event['usage']) }
        this.#stopReason = text(fields(event['delta'])?.['stop_reason']) ?? this.#stopReason
        break
      case 'message_stop':
        this.#isOver = true
    }
  }

  /** What somebody counted who saw it whole. Taken over when it is of this call: when what was sent is the same. */
  counted(usage: Fields | undefined): void {
    const known = fields(this.#counted ?? this.#messages.at(-1)?.['usage'])
    if (this.#isOver || usage === undefined || known === undefined || !hasSentTheSame(known, usage)) return
    this.#counted = usage
    this.#isOver = true
  }

  /** Known to have ended with what came last. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const llm = this.#llm
    if (llm === undefined) return
    llm.read(() => {
      const isWhole = this.#isOver || (!this.#isStreamed && this.#stopReason !== undefined)
      llm.usage(this.#counted === undefined ? usageOf(this.#messages, isWhole) : readUsage(this.#counted, this.#isOver))
      if (this.#stopReason !== undefined) llm.draft.finishReasons = [this.#stopReason]
    })
    const isCut = this.#isStreamed && !this.#isOver && this.outcome.state === 'ok'
    llm.end(isCut ? { state: 'cancelled' } : this.outcome, llm.span.run.sinceStart(this.lastMs))
  }
}

const SENT = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']
const hasSentTheSame = (a: Fields, b: Fields): boolean => SENT.every((name) => (a[name] ?? 0) === (b[name] ?? 0))
