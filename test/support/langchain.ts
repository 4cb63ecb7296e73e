import type { BaseMessage } from '@langchain/core/messages'

/** The two lines of LangChain's core. Their types differ in details that these tests do not touch. */
async function newCore() {
  const [models, llms, messages, outputs, prompts, parsers, runnables, tools, retrievers, managers] = await Promise.all([
    import('@langchain/core/language_models/chat_models'), import('@langchain/core/language_models/llms'), import('@langchain/core/messages'),
    import('@langchain/core/outputs'), import('@langchain/core/prompts'), import('@langchain/core/output_parsers'), import('@langchain/core/runnables'),
    import('@langchain/core/tools'), import('@langchain/core/retrievers'), import('@langchain/core/callbacks/manager'),
    import('@langchain/core/context'),
  ])
  return { ...models, ...llms, ...messages, ...outputs, ...prompts, ...parsers, ...runnables, ...tools, ...retrievers, ...managers }
}

export type Core = Awaited<ReturnType<typeof newCore>>

async function oldCore(): Promise<Core> {
  const [models, llms, messages, outputs, prompts, parsers, runnables, tools, retrievers, managers] = await Promise.all([
    import('langchain-core-0/language_models/chat_models'), import('langchain-core-0/language_models/llms'), import('langchain-core-0/messages'),
    import('langchain-core-0/outputs'), import('langchain-core-0/prompts'), import('langchain-core-0/output_parsers'), import('langchain-core-0/runnables'),
    import('langchain-core-0/tools'), import('langchain-core-0/retrievers'), import('langchain-core-0/callbacks/manager'),
  ])
  const all = { ...models, ...llms, ...messages, ...outputs, ...prompts, ...parsers, ...runnables, ...tools, ...retrievers, ...managers }
  return all as unknown as Core
}

export const cores: readonly (readonly [version: string, core: Core])[] = [['1.4.0', await newCore()], ['0.3.80', await oldCore()]]

/** What a fake model does when it is asked: a text, the fields of an answer, or an error. A stream breaks at the word BREAK. */
export type Answer = string | Readonly<Record<string, unknown>> | Error

export interface FakeOptions {
  /** In turn, then the first one again. */
  readonly answers: readonly Answer[]
  readonly model?: string
  readonly provider?: string
  /** Runs while the model is asked. */
  readonly meanwhile?: (messages: readonly BaseMessage[], signal: AbortSignal | undefined) => unknown
  readonly params?: Readonly<Record<string, unknown>>
}

/** A chat model without a provider, written as integrations are. Streams give words. */
export function fakeModel(core: Core, { answers, model = 'fake-1', provider = 'acme', meanwhile, params = {} }: FakeOptions, fields: object = {}) {
  let asked = 0
  const next = (): Answer => answers[asked++ % answers.length]!
  class FakeChat extends core.BaseChatModel {
    override lc_serializable = true
    override lc_namespace = ['test', 'chat_models']
    static override lc_name = (): string => 'FakeChat'
    override _llmType(): string {
      return 'fake'
    }
    override getLsParams() {
      return { ls_provider: provider, ls_model_name: model, ls_model_type: 'chat' as const }
    }
    override invocationParams(): Record<string, unknown> {
      return { model, ...params }
    }
    override async _generate(messages: BaseMessage[], options: { signal?: AbortSignal }) {
      await meanwhile?.(messages, options.signal)
      const answer = next()
      if (answer instanceof Error) throw answer
      const message = new core.AIMessage(typeof answer === 'string' ? { content: answer } : { content: '', ...answer } as never)
      return { generations: [{ text: String(message.content), message }] }
    }
    override async *_streamResponseChunks(messages: BaseMessage[], options: { signal?: AbortSignal }, manager?: { handleLLMNewToken: Function }) {
      await meanwhile?.(messages, options.signal)
      const answer = next()
      if (answer instanceof Error) throw answer
      const words = (typeof answer === 'string' ? answer : String(answer['content'] ?? '')).split(/(?<= )/)
      for (const word of words) {
        if (word === 'BREAK') throw new Error('the line broke')
        const chunk = new core.ChatGenerationChunk({ text: word, message: new core.AIMessageChunk({ content: word, id: 'answer-1' }) })
        yield chunk
        await manager?.handleLLMNewToken(word, { prompt: 0, completion: 0 }, undefined, undefined, undefined, { chunk })
      }
    }
    override bindTools(): this {
      return this
    }
  }
  return new FakeChat(fields)
}
