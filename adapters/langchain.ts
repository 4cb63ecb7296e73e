import { profiler as defaultProfiler, show, type Profiler } from '../src/kit.ts'
import { addHandler, isManagerClass } from './langchain/install.ts'
import { Recording } from './langchain/recording.ts'
import { list } from './shared/json.ts'

/**
 * Recording for LangChain.js and LangGraph, by their callbacks: `@langchain/core` 0.3 and 1.
 * Supported: chains and graphs with their nodes, chat models and plain ones, tools, retrievers, streams, interrupts. Embeddings have
 * no callbacks there: wrap their client.
 */
export interface LangChainOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** Also shows what LangChain runs between your steps: sequences, unnamed functions, prompts, parsers. Default: false. */
  readonly plumbing?: boolean
}

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

  /** @internal */
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

interface Known {
  readonly plain: SpanwiseHandler
  readonly full: SpanwiseHandler
}

/** By profiler, for all copies of this package in the process: a run that two handlers are told of is recorded once. */
const KEY = Symbol.for('spanwise.langchain.v1')
const globals = globalThis as { [KEY]?: WeakMap<Profiler, Known> }
const known: WeakMap<Profiler, Known> = (globals[KEY] ??= new WeakMap())

/**
 * The handler for `callbacks`, at a call, at the making of a model, or in `withConfig`.
 * @throws TypeError when `options.profiler` is no Profiler
 */
export function spanwiseHandler(options: LangChainOptions = {}): SpanwiseHandler {
  const { profiler = defaultProfiler, plumbing = false } = options
  if (typeof profiler?.open !== 'function') {
    throw new TypeError(`spanwiseHandler(options): options.profiler must be a Profiler, got ${show(profiler)}`)
  }
  let handlers = known.get(profiler)
  if (handlers === undefined) {
    const recording = new Recording(profiler)
    known.set(profiler, (handlers = { plain: new SpanwiseHandler(recording, false), full: new SpanwiseHandler(recording, true) }))
  }
  return plumbing ? handlers.full : handlers.plain
}

/**
 * Records all that runs on this copy of LangChain, without a handler in any `callbacks`.
 * @param managerClass `CallbackManager` of `@langchain/core/callbacks/manager`; each copy of the library has one of its own
 * @returns the way to take it off again
 * @throws TypeError when it is no such class
 */
export function installLangChain(managerClass: object, options: LangChainOptions = {}): () => void {
  if (!isManagerClass(managerClass)) {
    throw new TypeError(`installLangChain(managerClass): managerClass must be LangChain's CallbackManager, got ${show(managerClass)}`)
  }
  const handler = spanwiseHandler(options)
  const { profiler = defaultProfiler } = options
  return profiler.enabled ? addHandler(managerClass, handler) : () => {}
}
