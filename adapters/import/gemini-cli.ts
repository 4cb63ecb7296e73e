import { inputInclusive, outputInclusive, tokenCount, type Usage } from '../../src/model/usage.ts'
import { NS_PER_MS } from '../../src/model/units.ts'
import { CANCELLED, OK, type Attributes, type Outcome, type Trace } from '../../src/model/span.ts'
import { at, jsonText, text, type Fields } from '../shared/json.ts'
import { assemble, type SpanDraft } from './shared/assemble.ts'
import { epochMs, objects, Problems } from './shared/json-lines.ts'
import { turnAt, turnsOf, turnSpans, type Turn } from './shared/turns.ts'
import type { Importer } from './shared/importer.ts'
import { toolHashes } from './shared/tool-hashes.ts'

/**
 * Session files of the Gemini CLI (`~/.gemini/tmp/<project>/chats/session-<time>-<id>.json`): one JSON object with
 * `messages`. An answer and the tools it asked for are one message, written when its tools had ended; a tool's id holds the
 * time of its call. Nothing says when a request was sent: a call begins at the message before it (`spanwise.time:
 * 'inferred'`). `tokens.input` contains the cached tokens, `tokens.output` not the thoughts. Texts are not taken over.
 */
export const geminiCli: Importer = {
  name: 'gemini-cli',
  title: 'Gemini CLI session',
  detect: ({ text: sample, json }) =>
    (typeof at(json, 'sessionId') === 'string' && Array.isArray(at(json, 'messages')) && at(json, 'startTime') !== undefined)
    || (json === undefined && /^\s*\{\s*"sessionId"\s*:\s*"[^"]*",\s*"projectHash"\s*:/.test(sample)),
  read(source) {
    const problems = new Problems()
    let session: unknown
    try {
      session = JSON.parse(source.text)
    } catch {
      problems.add('not JSON, or cut: a session of the Gemini CLI cannot be read in part')
      return { traces: [], problems: problems.all() }
    }
    const trace = readSession(session, source.name, problems)
    if (trace === undefined) problems.add('no call of a model was found')
    return { traces: trace === undefined ? [] : [trace], problems: problems.all() }
  },
}

const ROOT = 'session'
const INFERRED: Attributes = { 'spanwise.time': 'inferred' }

interface Answer {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly tools: readonly Tool[]
  readonly after: readonly string[]
  readonly message: Fields
}

interface Tool {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly call: Fields
}

function readSession(session: unknown, fileName: string, problems: Problems): Trace | undefined {
  const answers: Answer[] = []
  const prompts: number[] = []
  let now = epochMs(at(session, 'startTime'))
  const origin = now ?? epochMs(at(session, 'messages.0.timestamp')) ?? 0
  now ??= origin
  let after: readonly string[] = []
  for (const [i, message] of objects(at(session, 'messages')).entries()) {
    const time = epochMs(message['timestamp'])
    if (time === undefined) problems.add(`message ${i + 1} has no valid timestamp; the time of the one before it is used`)
    const before: number = now
    now = Math.max(before, time ?? before)
    if (message['type'] === 'user') prompts.push(now)
    if (message['type'] !== 'gemini') continue
    const answer = readAnswer(message, `answer ${i}`, before, now, after)
    after = answer.tools.map(({ key }) => key)
    answers.push(answer)
  }
  if (answers.length === 0) return undefined
  const id = text(at(session, 'sessionId')) ?? fileName
  const turns = turnsOf(prompts, answers.map(({ start, end, tools }) => ({ time: start, end: Math.max(end, ...tools.map((tool) => tool.end)) })))
  const ns = (epoch: number): number => (epoch - origin) * NS_PER_MS
  return assemble({
    seed: `gemini-cli ${id}`,
    name: 'Gemini CLI session',
    service: 'gemini-cli',
    tags: { session: id },
    startedAtEpochMs: origin,
    spans: [
      { key: ROOT, name: 'Gemini CLI session', category: 'agent', start: 0, end: ns(now), attributes: { 'gen_ai.conversation.id': id } },
      ...turnSpans(turns, ROOT, origin),
      ...answers.flatMap((answer) => spansOf(answer, turnAt(turns, answer.start), ns)),
    ],
  })
}

function readAnswer(message: Fields, key: string, start: number, now: number, after: readonly string[]): Answer {
  const calls = objects(message['toolCalls'])
  const begun = calls.map((call) => calledAt(call, start, now))
  const end = Math.min(now, ...begun)
  const tools = calls.map((call, i): Tool => {
    const ended = epochMs(call['timestamp']) ?? now
    return { key: `${key} tool ${i}`, start: begun[i]!, end: Math.min(Math.max(begun[i]!, ended), now), call }
  })
  return { key, start, end, tools, after, message }
}

/** `read_file-1764625560264-22036414d7d65`: the time of the call is in its id. */
function calledAt(call: Fields, earliest: number, latest: number): number {
  const time = Number(/-(\d{13})-/.exec(text(call['id'])?.slice(0, 200) ?? '')?.[1])
  return time >= earliest && time <= latest ? time : latest
}

function spansOf({ key, start, end, tools, after, message }: Answer, turn: Turn | undefined, ns: (ms: number) => number): SpanDraft[] {
  const model = text(message['model'])
  const usage = usageOf(message['tokens'])
  const call: SpanDraft = {
    key, parent: turn?.key, name: model ?? 'model', category: 'llm', start: ns(start), end: ns(end), attributes: INFERRED, dependsOn: after,
    llm: {
      provider: 'gcp.gemini', operation: 'chat', api: 'generateContent', streamed: true,
      ...(model !== undefined && { requestModel: model, responseModel: model }),
      ...(usage !== undefined && { usage }),
      ...(tools.length > 0 && {
        toolCalls: tools.map(({ call }) => ({ ...idOf(call), name: nameOf(call), argumentsChars: jsonText(call['args']).length })),
      }),
    },
  }
  return [call, ...tools.map((tool): SpanDraft => {
    const id = text(tool.call['id'])
    return {
      key: tool.key, parent: turn?.key, name: nameOf(tool.call), category: 'tool', start: ns(tool.start), end: ns(tool.end),
      outcome: outcomeOf(tool.call['status']), attributes: INFERRED,
      tool: {
        name: nameOf(tool.call), issuedBy: key, ...(id !== undefined && { callId: id }),
        // Beside the response stands the id of the call, which is another each time.
        ...toolHashes(tool.call['args'], at(tool.call['result'], '0.functionResponse.response')),
      },
    }
  })]
}

const nameOf = (call: Fields): string => text(call['name']) ?? 'tool'

function idOf(call: Fields): { readonly id?: string } {
  const id = text(call['id'])
  return id === undefined ? {} : { id }
}

function outcomeOf(status: unknown): Outcome {
  if (status === 'cancelled') return CANCELLED
  return status === 'error' ? { state: 'failed', type: 'ToolError', message: 'the tool gave an error' } : OK
}

function usageOf(tokens: unknown): Usage | undefined {
  const count = (name: string): number | undefined => tokenCount(at(tokens, name))
  const [input, visible, reasoning = 0] = [count('input'), count('output'), count('thoughts')]
  if (input === undefined && visible === undefined) return undefined
  const read = inputInclusive({ input: input === undefined ? undefined : input + (count('tool') ?? 0), cacheRead: count('cached') })
  const written = outputInclusive({ output: visible === undefined ? undefined : visible + reasoning, reasoning })
  return { ...(read && { input: read }), ...(written && { output: written }), complete: written !== undefined, source: 'provider' }
}
