import type { CallableTool, GenerateContentParameters } from '@google/genai'
import { event, json, sse, type Reply, type Step } from '../../support/provider-server.ts'
import { frozen } from '../frozen.ts'

/** What the scripted provider is asked and answers. All texts contain the word that no trace may contain. */
export const PROMPT = 'canary-prompt: what is the weather in Reykjavík?'
export const SYSTEM = 'canary-system: be brief'
export const ANSWER = 'canary-answer: 4 °C, rain ☂ and wind.'
export const INPUT = { city: 'canary-Reykjavík' }
export const MODEL = 'gemini-3-flash'
const ANSWERING = 'gemini-3-flash-001'

export const ASK = frozen({
  model: MODEL, contents: PROMPT, config: { systemInstruction: SYSTEM, maxOutputTokens: 100 },
} satisfies GenerateContentParameters)
const WEATHER = frozen({ name: 'weather', description: 'canary-description', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } } })
export const TOOLS = frozen({ ...ASK, config: { ...ASK.config, tools: [{ functionDeclarations: [WEATHER] }] } })

/** What the prompt holds of the cache, and thoughts beside the candidates' own tokens. */
const USAGE = { promptTokenCount: 28, cachedContentTokenCount: 8, candidatesTokenCount: 5, thoughtsTokenCount: 3, totalTokenCount: 36 }
const HEAD = { modelVersion: ANSWERING, responseId: 'resp_1' }

export const candidate = (parts: readonly object[], finishReason: string | undefined = 'STOP', index = 0): object =>
  ({ content: { role: 'model', parts }, ...(finishReason !== '' && { finishReason }), index })
export const response = (parts: readonly object[], fields: object = {}): object =>
  ({ candidates: [candidate(parts)], usageMetadata: USAGE, ...HEAD, ...fields })
export const answer = json(response([{ text: ANSWER }]))

export const weatherPart = { functionCall: { id: 'call_1', name: 'weather', args: INPUT } }
export const weatherCall = json(response([{ text: 'canary-let me see' }, weatherPart]))
export const namelessCall = json(response([{ functionCall: { name: 'weather', args: INPUT } }]))

const chunk = (parts: readonly object[], finishReason = '', usage: object = { promptTokenCount: 28, totalTokenCount: 28 }): string =>
  event({ candidates: [candidate(parts, finishReason)], usageMetadata: usage, ...HEAD })
export const pieces = [ANSWER.slice(0, 14), ANSWER.slice(14, 20), ANSWER.slice(20)] as const
export const first = [chunk([{ text: pieces[0] }]), chunk([{ text: pieces[1] }])] as const
export const last = chunk([{ text: pieces[2] }], 'STOP', USAGE)
export const chunks = (...all: readonly (readonly [parts: readonly object[], finish?: string])[]): Reply =>
  sse(all.map(([parts, finish = '']) => chunk(parts, finish, finish === '' ? undefined : USAGE)))
export const textStream = sse([...first, last])
/** Two pieces of text, then `middle`. */
export const brokenStream = (...middle: readonly Step[]): Reply => sse([...first, ...middle])

export const errorBody = (code: number, status: string): object => ({ error: { code, message: `the provider said ${status}`, status } })
export const errorReply = (code: number, status: string): Reply => json(errorBody(code, status), { status: code })
export const busy = errorReply(429, 'RESOURCE_EXHAUSTED')

/** A tool that the SDK calls itself. */
export function weatherTool(run: (input: unknown) => Promise<string>): CallableTool {
  return {
    tool: async () => ({ functionDeclarations: [WEATHER] }),
    callTool: async (calls) => Promise.all(calls.map(async ({ id, name = '', args }) =>
      ({ functionResponse: { ...(id !== undefined && { id }), name, response: { output: await run(args) } } }))),
  }
}
