import { beginLlmCall, type LlmCall, type Profiler } from '../../src/kit.ts'
import { fields, list } from '../shared/json.ts'
import { ModelCall } from './model-call.ts'
import { begin, callOf, modelOf, OBSERVER, readSettings } from './operation.ts'
import { readPrompt } from './prompt.ts'
import { embeddingUsage } from './usage.ts'

interface Wrapped {
  /** As the SDK hands it to models. */
  readonly params: object
  readonly model: object
}

/** A middleware of versions 5, 6 and 7, for `wrapLanguageModel` and for `wrapEmbeddingModel`. */
export interface Middleware {
  readonly specificationVersion: 'v3'
  wrapGenerate<T>(options: Wrapped & { readonly doGenerate: () => PromiseLike<T> }): Promise<T>
  wrapStream<T>(options: Wrapped & { readonly doStream: () => PromiseLike<T> }): Promise<T>
  wrapEmbed<T>(options: Wrapped & { readonly doEmbed: () => PromiseLike<T> }): Promise<T>
}

export function createMiddleware(profiler: Profiler): Middleware {
  const observer = `${OBSERVER} middleware`
  profiler.pairs.expect(observer)
  const record = async <T>(category: 'llm' | 'embedding', { params, model }: Wrapped, send: () => PromiseLike<T>): Promise<T> => {
    const call = quietly(profiler, () => beginLlmCall(profiler, { ...callOf(modelOf(fields(model) ?? {}), category), observer }))
    if (call === undefined) return send()
    quietly(profiler, () => begin(call, modelOf(fields(model) ?? {}), () => readParams(call, params)))
    const ends = { refused: call.end.bind(call), over: call.end.bind(call), broken: call.end.bind(call) }
    return new ModelCall(call, ends, category === 'llm' ? undefined : readEmbedding).send(send)
  }
  return {
    specificationVersion: 'v3',
    wrapGenerate: ({ doGenerate, ...wrapped }) => record('llm', wrapped, doGenerate),
    wrapStream: ({ doStream, ...wrapped }) => record('llm', wrapped, doStream),
    wrapEmbed: ({ doEmbed, ...wrapped }) => record('embedding', wrapped, doEmbed),
  }
}

function readParams(call: LlmCall, params: object): void {
  const { prompt, tools, values, ...settings } = params as { prompt?: unknown; tools?: unknown; values?: unknown }
  readSettings(call, settings)
  readPrompt(call, { tools, messages: prompt })
  for (const value of list(values)) if (typeof value === 'string') call.requestText({ kind: 'user', text: value })
}

function readEmbedding(call: LlmCall, result: Readonly<Record<string, unknown>>): void {
  call.usage(embeddingUsage(result['usage']))
}

function quietly<T>(profiler: Profiler, look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}
