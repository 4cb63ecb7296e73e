import { AsyncLocalStorage } from 'node:async_hooks'
import { fixture, fixtures } from './imports.ts'
import type { ManualClock } from './clock.ts'

export type SdkMessage = Readonly<Record<string, unknown>>

interface Row {
  readonly type: string
  readonly subtype?: string
  readonly isMeta?: boolean
  readonly isApiErrorMessage?: boolean
  readonly timestamp: string
  readonly message: { readonly content: unknown; readonly id?: string }
  readonly toolUseResult?: { readonly agentId?: string }
  readonly agentId?: string
  readonly compactMetadata?: { readonly trigger: string; readonly preTokens: number }
}

/** What the SDK gives for `query`: an object whose iterator is another one. */
export class Query {
  readonly #messages: AsyncGenerator<SdkMessage, void>
  isClosed = false
  interrupted = 0

  constructor(messages: AsyncGenerator<SdkMessage, void>) {
    this.#messages = messages
  }

  [Symbol.asyncIterator](): AsyncGenerator<SdkMessage, void> {
    return this.#messages
  }

  next(): Promise<IteratorResult<SdkMessage, void>> {
    return this.#messages.next()
  }

  return(): Promise<IteratorResult<SdkMessage, void>> {
    return this.#messages.return()
  }

  throw(error: unknown): Promise<IteratorResult<SdkMessage, void>> {
    return this.#messages.throw(error)
  }

  close(): void {
    this.isClosed = true
  }

  async interrupt(): Promise<void> {
    this.interrupted++
  }
}

export type Prompt = string | AsyncIterable<SdkMessage>

export interface Params {
  readonly prompt: Prompt
  readonly options?: Readonly<Record<string, unknown>>
}

/** @param here runs what the SDK does on its own, such as the tools of this process: in the context in which `query` was called */
export type Script = (params: Params, prompts: AsyncIterator<SdkMessage> | undefined, here: <T>(fn: () => T) => T) => AsyncGenerator<SdkMessage, void>

/** A function like `query` that plays a script. */
export const scripted = (script: Script) => function query(params: Params): Query {
  const { prompt } = params
  return new Query(script(params, typeof prompt === 'string' ? undefined : prompt[Symbol.asyncIterator](), AsyncLocalStorage.snapshot()))
}

export const init: SdkMessage = { type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-sonnet-4-5', claude_code_version: '2.1.7', tools: ['Bash', 'Task'] }
export const USAGE = { input_tokens: 5, cache_read_input_tokens: 10, cache_creation_input_tokens: 20, output_tokens: 3 }

const prompted = (content: unknown): SdkMessage => ({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, session_id: '' })

/** One block of an answer. */
export const assistant = (id: string, block: object, more: SdkMessage = {}, message: object = {}): SdkMessage => ({
  type: 'assistant', parent_tool_use_id: null, session_id: 'session-1', ...more,
  message: { id, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_reason: null, usage: USAGE, content: [block], ...message },
})

export const text = (said: string): object => ({ type: 'text', text: said })
export const toolUse = (id: string, name: string, input: object): object => ({ type: 'tool_use', id, name, input })

export const toolResult = (id: string, content: unknown, more: SdkMessage = {}, block: object = {}): SdkMessage => ({
  type: 'user', parent_tool_use_id: null, session_id: 'session-1', ...more,
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content, ...block }] },
})

export const event = (said: object): SdkMessage => ({ type: 'stream_event', parent_tool_use_id: null, session_id: 'session-1', event: said })

export const result = (more: SdkMessage = {}): SdkMessage => ({
  type: 'result', subtype: 'success', is_error: false, num_turns: 2, duration_ms: 90, duration_api_ms: 60, total_cost_usd: 0.25, session_id: 'session-1',
  usage: { ...USAGE, output_tokens: 40 }, permission_denials: [], ...more,
})

/** A recorded session of Claude Code as the SDK would have told it, subagents' texts included: messages and prompts at the times when they came. */
export function replayed(session: string, clock: ManualClock): { readonly script: Script; readonly prompts: readonly SdkMessage[] } {
  const rows = fixtures('claude-code').filter((file) => file.startsWith(`claude-code/${session}.`) && !file.includes('acompact')).flatMap(rowsOf)
  rows.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp))
  const begunBy = new Map(rows.flatMap((row) => (row.toolUseResult?.agentId === undefined ? [] : [[row.toolUseResult.agentId, resultIds(row)[0]] as const])))
  const script: Script = async function* (_params, prompts) {
    let isFirst = true
    let nowMs = Date.parse(rows[0]!.timestamp)
    for (const row of rows) {
      clock.pass(Date.parse(row.timestamp) - nowMs)
      nowMs = Date.parse(row.timestamp)
      const isOfMain = row.agentId === undefined
      if (isOfMain && isPrompt(row)) {
        if (!isFirst) yield result({ usage: undefined })
        isFirst = false
        await prompts!.next()
        yield init
      } else {
        yield told(row, isOfMain ? null : begunBy.get(row.agentId))
      }
    }
    yield result({ usage: undefined })
  }
  return { script, prompts: rows.filter((row) => row.agentId === undefined && isPrompt(row)).map(({ message }) => prompted(message.content)) }
}

function rowsOf(file: string): Row[] {
  const isOfAgent = file.includes('.agent-')
  return fixture(file).text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
    .filter(({ type, subtype }) => type === 'assistant' || type === 'user' || subtype === 'compact_boundary')
    .map((row) => ({ ...row, agentId: isOfAgent ? row.agentId! : undefined }) as Row)
}

const resultIds = ({ message: { content } }: Row): readonly string[] =>
  (Array.isArray(content) ? content : []).flatMap(({ tool_use_id: id }: { tool_use_id?: string }) => id ?? [])

function isPrompt(row: Row): boolean {
  if (row.type !== 'user' || row.isMeta === true || resultIds(row).length > 0) return false
  const { content } = row.message
  const said = typeof content === 'string' ? content : (content as { text?: string }[])[0]?.text ?? ''
  return !/^\s*(<|\[Request interrupted|Caveat:|This session is being continued)/.test(said)
}

function told(row: Row, parent: string | null | undefined): SdkMessage {
  const common = { type: row.type, session_id: 'session-1', parent_tool_use_id: parent ?? null }
  if (row.compactMetadata !== undefined) {
    return { ...common, subtype: 'compact_boundary', compact_metadata: { trigger: row.compactMetadata.trigger, pre_tokens: row.compactMetadata.preTokens } }
  }
  return { ...common, message: row.message, ...(row.isApiErrorMessage === true && { error: 'unknown' }), ...(row.toolUseResult !== undefined && { tool_use_result: row.toolUseResult }) }
}
