import { createRequire } from 'node:module'
import type * as Sdks from 'ollama'
import type { Config, Ollama } from 'ollama'
import * as ollama from 'ollama'
import * as browser from 'ollama/browser'
import { unwrapOllama, wrapOllama } from 'spanwise/ollama'
import type { Case, Kit, Lane } from '../suite.ts'

export type Sdk = typeof Sdks
export type OllamaCase = Case<Sdk, Ollama, Config>

const require = createRequire(import.meta.url)
const as = (sdk: unknown): Sdk => sdk as Sdk

export const lanes: readonly Lane<Sdk>[] = [
  { version: 'ollama 0', modules: 'ESM', newest: true, sdk: as(ollama) },
  { version: 'ollama 0', modules: 'CommonJS', sdk: as(require('ollama')) },
  { version: 'ollama 0 browser', modules: 'ESM', sdk: as(browser) },
]

export const kit: Kit<Sdk, Ollama, Config> = {
  newClient: (sdk, session, options) => new sdk.Ollama({ host: session.url, ...options }),
  wrap: (client, options) => wrapOllama(client, options),
  unwrap: unwrapOllama,
  prototypes: (sdk) => [sdk.Ollama.prototype as object, Object.getPrototypeOf(sdk.Ollama.prototype) as object, Promise.prototype],
}
