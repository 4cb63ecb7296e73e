import { createRequire } from 'node:module'
import type * as Sdks from '@anthropic-ai/sdk'
import type { Anthropic, ClientOptions } from '@anthropic-ai/sdk'
import * as anthropic0 from 'anthropic-0'
import * as anthropic1 from '@anthropic-ai/sdk'
import { unwrapAnthropic, wrapAnthropic } from 'spanwise/anthropic'
import type { Case, Context, Kit, Lane } from '../suite.ts'

/** Cases are written against the types of the newest version; what an older one lacks is a skip with a reason. */
export type Sdk = typeof Sdks
export type AnthropicCase = Case<Sdk, Anthropic, ClientOptions>
export type AnthropicContext = Context<Sdk, Anthropic, ClientOptions>

const require = createRequire(import.meta.url)
const as = (sdk: unknown): Sdk => sdk as Sdk

export const lanes: readonly Lane<Sdk>[] = [
  { version: 'anthropic 0', modules: 'ESM', sdk: as(anthropic0) },
  { version: 'anthropic 0', modules: 'CommonJS', sdk: as(require('anthropic-0')) },
  { version: 'anthropic 1', modules: 'ESM', newest: true, sdk: as(anthropic1) },
  { version: 'anthropic 1', modules: 'CommonJS', sdk: as(require('@anthropic-ai/sdk')) },
]

export const kit: Kit<Sdk, Anthropic, ClientOptions> = {
  newClient: (sdk, session, options) =>
    new sdk.Anthropic({ apiKey: 'sk-ant-test', baseURL: session.url, maxRetries: 0, logLevel: 'off', ...options }),
  wrap: (client, options) => wrapAnthropic(client, options),
  unwrap: unwrapAnthropic,
  prototypes(sdk) {
    const client = new sdk.Anthropic({ apiKey: 'sk-ant-test' })
    const instances = [client, client.messages, client.beta.messages, client.models]
    return [...instances.map((instance) => Object.getPrototypeOf(instance) as object), sdk.APIPromise.prototype, Promise.prototype]
  },
}
