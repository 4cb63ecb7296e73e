import { show, type Profiler } from '../src/kit.ts'
import { SpanwiseHandler } from './langchain/handler.ts'
import { addHandler, isManagerClass } from './langchain/install.ts'
import { Recording } from './langchain/recording.ts'
import { profilerOf } from './shared/options.ts'

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
  const profiler = profilerOf('spanwiseHandler(options)', options)
  const { plumbing = false } = options
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
export function recordLangChain(managerClass: object, options: LangChainOptions = {}): () => void {
  if (!isManagerClass(managerClass)) {
    throw new TypeError(`recordLangChain(managerClass): managerClass must be LangChain's CallbackManager, got ${show(managerClass)}`)
  }
  const profiler = profilerOf('recordLangChain(managerClass, options)', options)
  return profiler.enabled ? addHandler(managerClass, spanwiseHandler(options)) : () => {}
}

export type { SpanwiseHandler }
