import { REQUEST, TIME, WAITS_FOR } from '../../src/model/marks.ts'
import { setRequestParts } from '../../src/model/part-list.ts'
import { inputInclusive, outputInclusive, tokenCount, type Usage } from '../../src/model/usage.ts'
import { NS_PER_MS } from '../../src/model/units.ts'
import { CANCELLED, OK, type Attributes, type LlmDetail, type Outcome, type Trace } from '../../src/model/span.ts'
import { at, jsonText, text, type Fields } from '../shared/json.ts'
import { readAnswers, waitsFor, type Answer } from './gemini-cli/answers.ts'
import { GeminiRequests, type Exchange } from './gemini-cli/requests.ts'
import { isHead, isPrompt, readConversation, type Conversation } from './gemini-cli/conversation.ts'
import { assemble, type SpanDraft } from './shared/assemble.ts'
import { withTexts } from './shared/parts.ts'
import { Problems } from './shared/json-lines.ts'
import { SessionClock } from './shared/times.ts'
import { turnAt, turnsOf, turnSpans, type Turn } from './shared/turns.ts'
import type { Importer } from './shared/importer.ts'
import { toolHashes } from './shared/tool-hashes.ts'

/**
 * Session files of the Gemini CLI (`~/.gemini/tmp/<project>/chats/session-<time>-<id>`): one JSON object with `messages`
 * (`.json`), and since 2026 JSON lines that log changes (`.jsonl`), as its `chatRecordingService` writes and reads them.
 *
 * An answer and the tools it asked for are one message, and so are answers after it that say nothing but which tools to run: of those the
 * tokens are lost. In the older form it has the time at which its tools had ended; in the
 * newer one that at which it had arrived, and the tools end later. A tool's id holds the time of its call; tools that ran beside each
 * other have one end (`spanwise.time: 'batch'`). Nothing says when a
 * request was sent: a call begins at the message before it (`spanwise.time: 'inferred'`). `tokens.input` contains the cached
 * tokens, `tokens.output` not the thoughts. Texts are not taken over.
 */
export const geminiCli: Importer = {
  name: 'gemini-cli',
  title: 'Gemini CLI session',
  detect: ({ text: sample, json }) =>
    isHead(json)
    || (typeof at(json, 'sessionId') === 'string' && Array.isArray(at(json, 'messages')) && at(json, 'startTime') !== undefined)
    || (json === undefined && /^\s*\{\s*"sessionId"\s*:\s*"[^"]*",\s*"projectHash"\s*:/.test(sample)),
  read(source) {
    const problems = new Problems()
    const conversation = readConversation(source, problems)
    const trace = conversation && readSession(conversation, source.name, problems)
    if (conversation !== undefined && trace === undefined) problems.add('no call of a model was found')
    return { traces: trace === undefined ? [] : [trace], problems: problems.all() }
  },
}

const ROOT = 'session'
const INFERRED: Attributes = { [TIME]: 'inferred' }

function readSession({ id: stated, startTime, isSubagent, messages }: Conversation, fileName: string, problems: Problems): Trace | undefined {
  const answers: Answer[] = []
  const prompts: number[] = []
  const clock = new SessionClock()
  const origin = [startTime, ...messages.map(({ row }) => row['timestamp'])].map((time) => clock.read(time)).find((time) => typeof time === 'number') ?? 0
  const requests = new GeminiRequests()
  const exchanges = new Map<string, Exchange>()
  let now = origin
  let after: readonly string[] = []
  for (const [i, message] of messages.entries()) {
    const { row, place, line } = message
    if (row['$rewindTo'] !== undefined) {
      requests.rewind(row['$rewindTo'])
      continue
    }
    requests.message(row)
    const time = clock.read(row['timestamp'])
    if (typeof time !== 'number') problems.add(`${place} has ${time}; the time of the one before it is used`, line)
    const before: number = now
    const arrived = Math.max(before, typeof time === 'number' ? time : before)
    if (isPrompt(message)) prompts.push(arrived)
    now = arrived
    if (row['type'] !== 'gemini') continue
    for (const answer of readAnswers(row, `answer ${i}`, before, arrived, { after, clock })) {
      after = answer.tools.map(({ key }) => key)
      now = Math.max(now, ...answer.tools.map(({ end }) => end))
      answers.push(answer)
      exchanges.set(answer.key, requests.answer(answer))
    }
  }
  if (answers.length === 0) return undefined
  const untold = answers.filter(({ message }) => message === undefined).length
  if (untold > 0) problems.note(`${untold} answers are known by their tools alone: the program wrote no tokens for them`)
  const id = stated ?? fileName
  const name = isSubagent ? 'Gemini CLI subagent' : 'Gemini CLI session'
  const turns = turnsOf(prompts, answers.map(({ start, end, tools }) => ({ time: start, end: Math.max(end, ...tools.map((tool) => tool.end)) })))
  const ns = (epoch: number): number => (epoch - origin) * NS_PER_MS
  const trace = assemble({
    seed: `gemini-cli ${id}`,
    name,
    service: 'gemini-cli',
    tags: { session: id },
    startedAtEpochMs: origin,
    spans: [
      { key: ROOT, name, category: 'agent', start: 0, end: ns(now), attributes: { 'gen_ai.conversation.id': id } },
      ...turnSpans(turns, ROOT, origin),
      ...answers.flatMap((answer) => spansOf(answer, exchanges.get(answer.key)!, turnAt(turns, answer.start), ns)),
    ],
    parts: requests.table.parts,
  })
  return withTexts(trace, requests.table)
}

function spansOf(
  { key, start, end, tools, after, message, model }: Answer, { request, response }: Exchange, turn: Turn | undefined, ns: (ms: number) => number,
): SpanDraft[] {
  const usage = usageOf(message?.['tokens'])
  const llm: LlmDetail = {
    provider: 'gcp.gemini', operation: 'chat', api: 'generateContent', streamed: true,
    ...(model !== undefined && message !== undefined && { requestModel: model, responseModel: model }),
    ...(usage !== undefined && { usage }),
    ...(response.length > 0 && { responseParts: response }),
    ...(tools.length > 0 && {
      toolCalls: tools.map(({ call }) => ({ ...idOf(call), name: nameOf(call), argumentsChars: jsonText(call['args']).length })),
    }),
  }
  if (request !== undefined) setRequestParts(llm, request)
  const call: SpanDraft = {
    key, parent: turn?.key, name: model ?? 'model', category: 'llm', start: ns(start), end: ns(end), dependsOn: after, llm,
    attributes: { ...INFERRED, ...(request !== undefined && { [REQUEST]: 'messages' }), ...(message === undefined && { 'spanwise.made': 'answer' }) },
  }
  return [call, ...tools.map((tool): SpanDraft => {
    const id = text(tool.call['id'])
    const waits = waitsFor(tool.call)
    return {
      key: tool.key, parent: turn?.key, name: nameOf(tool.call), category: 'tool', start: ns(tool.start), end: ns(tool.end),
      outcome: outcomeOf(tool.call['status']),
      attributes: { [TIME]: tool.isBatch ? 'batch' : 'inferred', ...(waits !== undefined && { [WAITS_FOR]: waits }) },
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
  // Sums of huge counts are no counts any more.
  const read = inputInclusive({ input: input === undefined ? undefined : tokenCount(input + (count('tool') ?? 0)), cacheRead: count('cached') })
  const written = outputInclusive({ output: visible === undefined ? undefined : tokenCount(visible + reasoning), reasoning })
  return { ...(read && { input: read }), ...(written && { output: written }), complete: written !== undefined, source: 'provider' }
}
