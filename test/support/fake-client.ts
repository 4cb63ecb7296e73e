import type { Profiler } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'

/** A plain object of the SDKs' shape, whose `post` gives whatever a test wants. */

export const paths = {
  chat: '/chat/completions', completions: '/completions', responses: '/responses', embeddings: '/embeddings',
  images: '/images/generations', messages: '/v1/messages', complete: '/v1/complete', other: '/v1/else', rerank: '/v1/rerank',
} as const

export type Api = keyof typeof paths

interface FakeClient {
  post(path: string, options: { readonly body: object }): Promise<unknown>
  readonly fetch: typeof fetch
}

const body = { model: 'm', input: 'Hi' }

/** Asks a wrapped client once and reads what it gives to the end. */
export async function callOnce(api: Api, answer: unknown, profiler: Profiler, asked: object = body): Promise<unknown> {
  const bare: FakeClient = { post: async () => answer, fetch }
  const wrap = api === 'messages' || api === 'complete' ? wrapAnthropic : wrapOpenAI
  const client = wrap(bare, { profiler })
  const value = await client.post(paths[api], { body: asked })
  if (value instanceof Events) for await (const event of value) value.seen.push(event)
  return value
}

/** A stream, as the SDKs give it; one that is cut fails after its last event. */
export class Events {
  readonly seen: unknown[] = []
  readonly events: readonly unknown[]
  readonly isCut: boolean

  constructor(events: readonly unknown[], isCut = false) {
    this.events = events
    this.isCut = isCut
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    yield* this.events
    if (this.isCut) throw new Error('connection lost')
  }
}

export const events = (...all: unknown[]): Events => new Events(all)
export const cut = (...all: unknown[]): Events => new Events(all, true)
