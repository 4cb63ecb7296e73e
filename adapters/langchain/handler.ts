import { list } from '../shared/json.ts'
import type { Recording } from './recording.ts'

/** What goes into `callbacks`. It may be passed in several places; each call is recorded once. */
export class SpanwiseHandler {
  readonly name = 'spanwise' as const
  /** Else LangChain calls it later, out of a queue, when times are wrong. */
  readonly awaitHandlers: boolean = true
  readonly raiseError: boolean = false
  readonly ignoreLLM: boolean = false
  readonly ignoreChain: boolean = false
  readonly ignoreAgent: boolean = false
  readonly ignoreRetriever: boolean = false
  readonly ignoreCustomEvent: boolean = true
  readonly #recording: Recording
  readonly #showsAll: boolean

  constructor(recording: Recording, showsAll: boolean) {
    this.#recording = recording
    this.#showsAll = showsAll
  }

  copy(): this {
    return this
  }

  /** As LangChain writes handlers. */
  toJSON(): object {
    return { lc: 1, type: 'not_implemented', id: ['spanwise', 'langchain', 'SpanwiseHandler'] }
  }

  handleChainStart(
    chain: unknown, _inputs: unknown, id: string, parentId?: string, tags?: string[], metadata?: Record<string, unknown>, runType?: string, runName?: string,
  ): void {
    this.#recording.chain(
      { id, parentId, alive: metadata }, { serialized: chain, tags: tags ?? [], metadata: metadata ?? {}, runType, runName }, this.#showsAll)
  }

  handleChainEnd(_outputs: unknown, id: string): void {
    this.#recording.end(id)
  }

  handleChainError(error: unknown, id: string): void {
    this.#recording.failed(id, error)
  }

  handleChatModelStart(
    llm: unknown, messages: unknown[][], id: string, parentId?: string, extra?: Record<string, unknown>, _tags?: string[],
    metadata?: Record<string, unknown>, runName?: string,
  ): void {
    this.#recording.model({ id, parentId, alive: metadata }, llm, runName, { input: list(list(messages)[0]), extra, metadata: metadata ?? {} }, 'chat')
  }

  handleLLMStart(
    llm: unknown, prompts: string[], id: string, parentId?: string, extra?: Record<string, unknown>, _tags?: string[],
    metadata?: Record<string, unknown>, runName?: string,
  ): void {
    this.#recording.model({ id, parentId, alive: metadata }, llm, runName, { input: list(prompts), extra, metadata: metadata ?? {} }, 'text_completion')
  }

  handleLLMNewToken(token: string, _index: unknown, id: string, _parentId?: string, _tags?: string[], told?: unknown): void {
    this.#recording.token(id, token, told)
  }

  handleChatModelStreamEvent(event: unknown, id: string): void {
    this.#recording.event(id, event)
  }

  handleLLMEnd(output: unknown, id: string, _parentId?: string, _tags?: string[], extra?: Record<string, unknown>): void {
    this.#recording.answered(id, output, extra?.['cached'] === true)
  }

  handleLLMError(error: unknown, id: string): void {
    this.#recording.failed(id, error)
  }

  handleToolStart(
    tool: unknown, input: string, id: string, parentId?: string, _tags?: string[], metadata?: Record<string, unknown>, runName?: string, callId?: string,
  ): void {
    this.#recording.tool({ id, parentId, alive: metadata }, tool, runName, input, callId)
  }

  handleToolEnd(output: unknown, id: string): void {
    this.#recording.toolGave(id, output)
  }

  handleToolError(error: unknown, id: string): void {
    this.#recording.failed(id, error)
  }

  handleRetrieverStart(
    retriever: unknown, query: string, id: string, parentId?: string, _tags?: string[], metadata?: Record<string, unknown>, runName?: string,
  ): void {
    this.#recording.retriever({ id, parentId, alive: metadata }, retriever, runName, query)
  }

  handleRetrieverEnd(documents: unknown, id: string): void {
    this.#recording.found(id, documents)
  }

  handleRetrieverError(error: unknown, id: string): void {
    this.#recording.failed(id, error)
  }
}
