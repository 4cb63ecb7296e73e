import { hashPart, type Part, type PartKind } from '../../src/model/message.ts'
import { OK, type Attributes, type Span, type Trace } from '../../src/model/span.ts'
import { inputExclusive, inputInclusive, type InputTokens } from '../../src/model/usage.ts'
import { fixture } from './imports.ts'

/** One part of a request, with its text. */
export interface Said {
  readonly kind: PartKind
  readonly text: string
  readonly name?: string
  readonly callId?: string
}

/** A request of a conversation and its answer; times in milliseconds. */
export interface Turn {
  readonly model: string
  readonly request: readonly Said[]
  readonly answer: readonly Said[]
  readonly startMs: number
  readonly endMs: number
  readonly attributes?: Attributes
}

const GAP_MS = 2_000
const CALL_MS = 5_000
const SYSTEM = 'You are a coding agent. Work in small steps, read before you change anything, and say what you did. '

/**
 * The main conversation of a recorded Claude Code session (MIT, see test/fixtures/import/LICENSES.md) as the requests that the
 * program sent: its messages as they are. A transcript holds neither the system text nor the definitions, so those are ours.
 */
export function recordedTurns(model: string, file = 'claude-code/spotter-subagent.jsonl.gz'): Turn[] {
  const history: Said[] = [...definitions(), { kind: 'system', text: SYSTEM.repeat(60) }]
  const turns: Turn[] = []
  let answer: Said[] = []
  const close = (): void => {
    if (answer.length === 0) return
    const startMs = turns.length * (CALL_MS + GAP_MS)
    turns.push({ model, request: [...history], answer, startMs, endMs: startMs + CALL_MS })
    history.push(...answer)
    answer = []
  }
  for (const line of fixture(file).text.split('\n').filter((one) => one !== '')) {
    const { type, message, isSidechain } = JSON.parse(line) as { type: string; message?: { content: unknown }; isSidechain?: boolean }
    if (isSidechain === true || message === undefined) continue
    const said = saidIn(message.content, type === 'assistant' ? 'assistant' : 'user')
    if (type === 'assistant') answer.push(...said)
    else if (type === 'user') {
      close()
      history.push(...said)
    }
  }
  close()
  return turns
}

const definitions = (): Said[] => ['Bash', 'Edit', 'Grep', 'Read', 'Task'].map((name) => ({
  kind: 'tool-definition', name,
  text: JSON.stringify({ name, description: `Runs ${name}. `.repeat(40), input_schema: { type: 'object', properties: { path: { type: 'string' } } } }),
}))

function saidIn(content: unknown, kind: PartKind): Said[] {
  if (typeof content === 'string') return [{ kind, text: content }]
  return (content as Record<string, unknown>[]).flatMap((block): Said[] => {
    if (block['type'] === 'text') return [{ kind, text: String(block['text']) }]
    if (block['type'] === 'thinking') return [{ kind: 'reasoning', text: String(block['thinking']) }]
    if (block['type'] === 'tool_use') {
      return [{ kind: 'tool-call', text: JSON.stringify(block['input']), name: String(block['name']), callId: String(block['id']) }]
    }
    if (block['type'] !== 'tool_result') return []
    const { content: inner, tool_use_id: id } = block
    return [{ kind: 'tool-result', text: typeof inner === 'string' ? inner : JSON.stringify(inner), callId: String(id) }]
  })
}

/** What a provider's cache does with a request. A stand-in of a few lines, written from the providers' rules, not from our analysis. */
export interface CacheModel {
  readonly provider: string
  readonly automatic: boolean
  readonly minimumTokens: number
  readonly blockTokens: number
  readonly lifetimeMs: number
  /** Claude: without a breakpoint nothing is cached. */
  readonly breakpoints?: boolean
  /** Turns that another machine answers, which has an empty cache. */
  readonly elsewhere?: readonly number[]
}

export const CLAUDE: CacheModel = { provider: 'anthropic', automatic: false, minimumTokens: 1_024, blockTokens: 1, lifetimeMs: 300_000, breakpoints: true }
export const OPENAI: CacheModel = { provider: 'openai', automatic: true, minimumTokens: 1_024, blockTokens: 128, lifetimeMs: 300_000 }

const tokensOf = ({ text }: Said): number => Math.ceil(text.length / 4) + 4
const keyOf = ({ kind, text, name, callId }: Said): string => JSON.stringify([kind, text, name, callId])

/** The input usage of each turn, as a provider with such a cache would count it. */
function billed(turns: readonly Turn[], cache: CacheModel): InputTokens[] {
  const kept: { readonly model: string; readonly prefix: readonly string[]; usedMs: number }[] = []
  return turns.map(({ model, request, startMs }, at) => {
    const keys = request.map(keyOf)
    const sizes = request.map(tokensOf)
    const total = sizes.reduce((a, b) => a + b, 0)
    const upTo = (count: number): number => sizes.slice(0, count).reduce((a, b) => a + b, 0)
    let read = 0
    for (const entry of cache.elsewhere?.includes(at) === true ? [] : kept) {
      if (entry.model !== model || startMs - entry.usedMs > cache.lifetimeMs) continue
      let same = 0
      while (same < entry.prefix.length && entry.prefix[same] === keys[same]) same++
      // A marked prefix is cached whole or not at all; an automatic one block by block.
      const usable = cache.automatic ? Math.floor(upTo(same) / cache.blockTokens) * cache.blockTokens : same === entry.prefix.length ? upTo(same) : 0
      if (usable < cache.minimumTokens) continue
      read = Math.max(read, usable)
      entry.usedMs = startMs
    }
    const isLong = total >= cache.minimumTokens
    if (isLong && (cache.automatic || cache.breakpoints === true)) {
      kept.push({ model, prefix: keys, usedMs: startMs })
      // Marked too: the end of the definitions and the system text.
      const head = request.findLastIndex(({ kind }) => kind === 'system') + 1
      if (!cache.automatic && upTo(head) >= cache.minimumTokens) kept.push({ model, prefix: keys.slice(0, head), usedMs: startMs })
    }
    if (cache.automatic) return inputInclusive({ input: total, cacheRead: read })!
    const cacheWrite = isLong && cache.breakpoints === true ? total - read : 0
    return inputExclusive({ input: total - read - cacheWrite, cacheRead: read, cacheWrite })!
  })
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const idOf = (number: number): string => number.toString(16).padStart(16, '0')

/** The conversation as a trace whose calls have that usage. */
export function traceOf(turns: readonly Turn[], cache: CacheModel, withTexts = true): Trace {
  const parts: Part[] = []
  const indexes = new Map<string, number>()
  const index = (said: Said): number => {
    const key = keyOf(said)
    if (!indexes.has(key)) {
      const { text, ...rest } = said
      indexes.set(key, parts.push({ ...rest, hash: hashPart(said), chars: text.length, ...(withTexts && { text }) }) - 1)
    }
    return indexes.get(key)!
  }
  const inputs = billed(turns, cache)
  const ns = (ms: number): number => ms * 1e6
  const end = turns.at(-1)!.endMs
  const root: Span = { id: idOf(1), traceId: TRACE_ID, name: 'agent', category: 'agent', start: 0, end: ns(end), outcome: OK }
  const spans = turns.map(({ model, request, answer, startMs, endMs, attributes }, at): Span => ({
    id: idOf(at + 2), parentId: root.id, traceId: TRACE_ID, name: model, category: 'llm', start: ns(startMs), end: ns(endMs), outcome: OK,
    ...(attributes !== undefined && { attributes }),
    llm: {
      provider: cache.provider, operation: 'chat', api: cache.provider === 'anthropic' ? 'messages' : 'chat.completions',
      requestModel: model, responseModel: model, streamed: false,
      requestParts: request.map(index), responseParts: answer.map(index),
      toolCalls: answer.flatMap(({ kind, name, callId, text }) =>
        (kind === 'tool-call' ? [{ name: name!, id: callId!, argumentsChars: text.length }] : [])),
      usage: { input: inputs[at]!, output: { total: 100, visible: 100, reasoning: 0 }, complete: true, source: 'provider' },
    },
  }))
  return {
    id: TRACE_ID, name: 'recorded', startedAtEpochMs: Date.UTC(2026, 10, 1), spans: [root, ...spans], parts,
    dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
  }
}
