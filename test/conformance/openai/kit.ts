import { createRequire } from 'node:module'
import type * as Openai from 'openai'
import type { ClientOptions, OpenAI } from 'openai'
import * as openai5 from 'openai-5'
import * as openai6 from 'openai-6'
import * as openai7 from 'openai'
import { unwrapOpenAI, wrapOpenAI } from 'spanwise/openai'
import type { Session } from '../../support/provider-server.ts'
import type { Case, Kit, Lane } from '../suite.ts'

/** Cases are written against the types of the newest version; what an older one lacks is a skip with a reason. */
export type Sdk = typeof Openai
export type OpenaiCase = Case<Sdk, OpenAI, ClientOptions>

const require = createRequire(import.meta.url)
const as = (sdk: unknown): Sdk => sdk as Sdk

export const lanes: readonly Lane<Sdk>[] = [
  { version: 'openai 5', modules: 'ESM', sdk: as(openai5) },
  { version: 'openai 5', modules: 'CommonJS', sdk: as(require('openai-5')) },
  { version: 'openai 6', modules: 'ESM', sdk: as(openai6) },
  { version: 'openai 6', modules: 'CommonJS', sdk: as(require('openai-6')) },
  { version: 'openai 7', modules: 'ESM', newest: true, sdk: as(openai7) },
  { version: 'openai 7', modules: 'CommonJS', sdk: as(require('openai')) },
]

const base = (session: Session): string => `${session.url}/v1`

export const kit: Kit<Sdk, OpenAI, ClientOptions> = {
  newClient: (sdk, session, options) =>
    new sdk.OpenAI({ apiKey: 'sk-test', baseURL: base(session), maxRetries: 0, logLevel: 'off', ...options }),
  wrap: (client, options) => wrapOpenAI(client, options),
  unwrap: unwrapOpenAI,
  prototypes(sdk) {
    const client = new sdk.OpenAI({ apiKey: 'sk-test' })
    const instances = [client, client.chat.completions, client.responses, client.embeddings, client.models]
    return [...instances.map((instance) => Object.getPrototypeOf(instance) as object), sdk.APIPromise.prototype, Promise.prototype]
  },
}
