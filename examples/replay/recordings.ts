import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** One recorded answer of a real provider; where it comes from is in the file's `source` and in LICENSES.md. */
export interface Recording {
  readonly name: string
  readonly status: number | null
  readonly stream: boolean
  readonly headers: Readonly<Record<string, string>>
  /** What the provider was asked, where that was recorded. */
  readonly request: {
    readonly stream?: boolean
    readonly messages?: readonly { readonly tool_call_id?: string }[]
  } | null
  readonly responseBody?: unknown
  /** The raw event stream. */
  readonly responseText?: string
}

/** Which recordings an endpoint answers with, in this order: `POST /v1/embeddings` → recordings. */
export type Script = Readonly<Record<string, readonly Recording[]>>

const root = dirname(createRequire(import.meta.url).resolve('spanwise/package.json'))

const load = (name: string): Recording => {
  const file = join(root, 'examples', 'recordings', `${name}.json`)
  return { name, ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Recording, 'name'>) }
}

/** What the providers answer while the support agent works on its ticket. */
export const supportAgentScript = (): Script => ({
  'POST /v1/chat/completions': [
    load('openai-rate-limited'),
    load('openai-weather-tools'),
    load('openai-weather-answer'),
    load('openai-multiply-tools'),
    load('openai-multiply-answer'),
  ],
  'POST /v1/messages': [load('anthropic-comparison')],
  'POST /v1/embeddings': [load('openai-embedding')],
})

/** How long the provider took until its first byte, and then from event to event of a stream, in milliseconds. */
export interface Pace {
  readonly firstByteMs: number
  readonly eventMs: number
}

/** Used where a recording does not say: about what a small model takes. A refusal comes at once. */
const DEFAULT_FIRST_BYTE_MS = 600
const REFUSAL_MS = 120
const DEFAULT_EVENT_MS = 25

export function paceOf({ headers, status }: Recording): Pace {
  const recorded = Number(headers['openai-processing-ms'] ?? Number.NaN)
  const usual = (status ?? 200) >= 400 ? REFUSAL_MS : DEFAULT_FIRST_BYTE_MS
  return { firstByteMs: Number.isFinite(recorded) ? recorded : usual, eventMs: DEFAULT_EVENT_MS }
}
