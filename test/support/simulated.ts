import type { Profiler, Span, Trace } from 'spanwise'
import { analyze } from 'spanwise'
import { wrapOpenAI } from 'spanwise/openai'
import { CallbackSpans, outcomeOf, within, type LlmCall, type Place } from '../../src/kit.ts'

/** Clients and frameworks of no package: each answer has an id of its own, and nothing waits for a clock. */

export interface Reply {
  readonly id: string
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
}

export type Send = (model: string, text: string) => Promise<Reply>

export interface Provider {
  /** Ids of the answers that were given. */
  readonly given: string[]
  /** A client of the provider's; recorded by `profiler` where there is one. */
  client(profiler?: Profiler): Send
}

export interface ProviderOptions {
  /** What happens before an answer. */
  readonly pause?: () => Promise<void>
  /** Decides for each request. */
  readonly fails?: () => boolean
  readonly idOf?: (count: number) => string
}

/** The n-th answer tells n tokens in and one out, so that sums tell which answers were counted. */
export function provider({ pause = async () => {}, fails = () => false, idOf = (count) => `chatcmpl-${count}` }: ProviderOptions = {}): Provider {
  const given: string[] = []
  let count = 0
  return {
    given,
    client(profiler) {
      const create = async ({ model }: { model: string; messages: object[] }): Promise<Reply & { readonly model: string; readonly choices: readonly object[] }> => {
        await pause()
        if (fails()) throw new Error('429')
        const input = ++count
        given.push(idOf(input))
        return {
          id: idOf(input), model, choices: [{ index: 0, message: { role: 'assistant', content: `answer ${input}` }, finish_reason: 'stop' }],
          usage: { prompt_tokens: input, completion_tokens: 1, total_tokens: input + 1 },
        }
      }
      const client = { chat: { completions: { create } } }
      if (profiler !== undefined) wrapOpenAI(client, { profiler })
      return (model, text) => client.chat.completions.create({ model, messages: [{ role: 'user', content: text }] })
    },
  }
}

export interface Asking {
  readonly model?: string
  readonly parentId?: string | undefined
  /** Whether the framework says what it sends. */
  readonly tells?: boolean
  /** Whether the framework has a context of its own, in which its client runs. */
  readonly enters?: boolean
  readonly tries?: number
  /** Runs inside of the call, before the client does. */
  readonly before?: () => Promise<unknown>
  readonly pause?: () => Promise<void>
  readonly place?: Place
}

/** A framework that tells of its calls in callbacks. */
export class Framework {
  readonly spans: CallbackSpans
  #ids = 0

  constructor(profiler: Profiler, name = 'framework') {
    this.spans = new CallbackSpans(profiler, name)
  }

  id = (): string => `id${++this.#ids}`

  /** The beginning of a call, for those who do the rest themselves. */
  begin(text: string | undefined, { model = 'm', parentId, tells = true, place }: Asking = {}): { readonly id: string; readonly call: LlmCall | undefined } {
    const id = this.id()
    const call = this.spans.beginLlm(id, parentId, {
      name: model, category: 'llm', provider: 'p', operation: 'chat', api: 'framework', ...(place !== undefined && { place }),
    })
    if (call !== undefined) call.draft.requestModel = model
    if (text !== undefined && tells) call?.requestText({ kind: 'user', text })
    call?.requestDone()
    return { id, call }
  }

  async ask(send: Send, text: string, asking: Asking = {}): Promise<string | undefined> {
    const { model = 'm', enters = false, tries = 1, before, pause = async () => {} } = asking
    const { id, call } = this.begin(text, asking)
    await pause()
    const work = async (): Promise<Reply> => {
      await before?.()
      for (let left = tries; ; left--) {
        try {
          return await send(model, text)
        } catch (error) {
          if (left <= 1) throw error
        }
      }
    }
    try {
      const reply = await (enters && call !== undefined ? within(call.around, work) : work())
      await pause()
      this.tellAnswer(call, reply)
      this.spans.end(id)
      return reply.id
    } catch (error) {
      this.spans.end(id, outcomeOf(error))
      return undefined
    }
  }

  tellAnswer(call: LlmCall | undefined, { id, usage }: Reply): void {
    if (call === undefined) return
    call.draft.responseId = id
    const { prompt_tokens: total, completion_tokens: visible } = usage
    call.usage({
      input: { total, uncached: total, cacheRead: 0, cacheWrite: 0 }, output: { total: visible, visible, reasoning: 0 }, complete: true, source: 'provider', raw: usage,
    })
  }
}

export const llmSpans = (traces: readonly (Trace | undefined)[]): readonly Span[] =>
  traces.flatMap((trace) => trace?.spans.filter(({ llm, category }) => llm !== undefined || category === 'llm') ?? [])

/** Ids of the answers that are recorded, in order. */
export const recordedIds = (traces: readonly Trace[]): readonly (string | undefined)[] => llmSpans(traces).map(({ llm }) => llm?.responseId).toSorted()

export const inputTokens = (traces: readonly Trace[]): number => traces.reduce((sum, trace) => sum + analyze(trace).totals.usage.input.total, 0)
