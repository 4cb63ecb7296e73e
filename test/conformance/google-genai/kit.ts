import { createRequire } from 'node:module'
import type * as Sdks from '@google/genai'
import type { GenerateContentResponse, GoogleGenAI, GoogleGenAIOptions } from '@google/genai'
import * as genai3 from '@google/genai'
import * as genai1 from 'genai-1'
import * as genai2 from 'genai-2'
import { unwrapGoogleGenAI, wrapGoogleGenAI } from 'spanwise/google-genai'
import type { Case, Kit, Lane } from '../suite.ts'

/** Cases are written against the types of the newest version; what an older one lacks is a skip with a reason. */
export type Sdk = typeof Sdks
export type GoogleCase = Case<Sdk, GoogleGenAI, GoogleGenAIOptions>

const require = createRequire(import.meta.url)
const as = (sdk: unknown): Sdk => sdk as Sdk

export const lanes: readonly Lane<Sdk>[] = [
  { version: 'genai 1', modules: 'ESM', sdk: as(genai1) },
  { version: 'genai 1', modules: 'CommonJS', sdk: as(require('genai-1')) },
  { version: 'genai 2', modules: 'ESM', sdk: as(genai2) },
  { version: 'genai 2', modules: 'CommonJS', sdk: as(require('genai-2')) },
  { version: 'genai 3', modules: 'ESM', newest: true, sdk: as(genai3) },
  { version: 'genai 3', modules: 'CommonJS', sdk: as(require('@google/genai')) },
]

export const kit: Kit<Sdk, GoogleGenAI, GoogleGenAIOptions> = {
  newClient: (sdk, session, { httpOptions, ...options }) =>
    new sdk.GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: session.url, ...httpOptions }, ...options }),
  wrap: (client, options) => wrapGoogleGenAI(client, options),
  unwrap: unwrapGoogleGenAI,
  prototypes(sdk) {
    const client = new sdk.GoogleGenAI({ apiKey: 'test' })
    const instances = [client, client.models, client.chats, (client as unknown as { apiClient: object }).apiClient]
    return [...instances.map((instance) => Object.getPrototypeOf(instance) as object), sdk.GenerateContentResponse.prototype, Promise.prototype]
  },
}

/** All that can be seen of a response: `show` leaves out what instances of a class hold. */
export const seen = (response: GenerateContentResponse): readonly unknown[] =>
  [response, JSON.stringify(response), response.text, response.functionCalls, response.data, Object.getPrototypeOf(response) === Object.prototype]
