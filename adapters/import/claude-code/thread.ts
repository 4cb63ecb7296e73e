import { at as valueAt, fields, jsonText, text, type Fields } from '../../shared/json.ts'
import { isToolUse, outcomeOf, textOf, usageOf } from '../../shared/claude-code/messages.ts'
import { waitsFor } from '../../shared/claude-code/waits.ts'
import { CANCELLED, OK, type LlmDetail, type Outcome, type ToolCallRequest } from '../../../src/model/span.ts'
import { objects } from '../shared/json-lines.ts'
import type { Entry } from './entries.ts'
import { toolHashes } from '../shared/tool-hashes.ts'
import type { WaitsFor } from '../../../src/model/marks.ts'
import { setRequestParts } from '../../../src/model/part-list.ts'
import type { PartTable } from '../shared/parts.ts'
import { Requests, type Exchange } from './requests.ts'

/** One answer of the model, over all its lines. Times are epoch milliseconds. */
export interface Answer {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly model: string
  readonly outcome: Outcome
  readonly llm: LlmDetail
  /** Ids of the tool calls whose results arrived since the answer before it. */
  readonly after: readonly string[]
}

export interface ToolRun {
  readonly id: string
  readonly name: string
  /** What kind of subagent it begins, if it does. */
  readonly subagent: string | undefined
  readonly issuedBy: string
  readonly start: number
  /** Absent when no result came. */
  readonly end: number | undefined
  /** The program said how long it took. */
  readonly isMeasured: boolean
  readonly waitsFor: WaitsFor | undefined
  readonly outcome: Outcome
  /** The subagent whose answer the result is. */
  readonly agentId: string | undefined
  readonly hashes: ReturnType<typeof toolHashes>
}

export interface Thread {
  readonly start: number
  readonly end: number
  readonly answers: readonly Answer[]
  readonly tools: readonly ToolRun[]
  /** Times of what the user said. */
  readonly prompts: readonly number[]
  readonly compactions: readonly Compaction[]
}

export interface Compaction {
  readonly start: number
  readonly end: number
  readonly row: Fields
}

/** @param entries of one thread, in order of time, at least one @param table takes the parts of its requests and answers */
export function readThread(entries: readonly Entry[], table: PartTable): Thread {
  const requests = new Requests(table)
  const results = resultsOf(entries)
  const lines = new Map<string, Entry[]>()
  const begun = new Map<string, { readonly start: number; readonly after: readonly string[] }>()
  const compactions: Compaction[] = []
  const prompts: number[] = []
  let after: string[] = []
  entries.forEach((entry, i) => {
    const before = entries[i - 1]?.at ?? entry.at
    requests.line(entry, entry.kind === 'user' && isPrompt(entry))
    if (entry.kind === 'compaction') compactions.push({ start: before, end: entry.at, row: entry.row })
    if (entry.kind === 'user') {
      for (const { tool_use_id: id } of entry.blocks) if (typeof id === 'string') after.push(id)
      if (isPrompt(entry)) prompts.push(entry.at)
    }
    if (entry.kind !== 'assistant') return
    const group = lines.get(entry.answer)
    if (group !== undefined) return void group.push(entry)
    lines.set(entry.answer, [entry])
    begun.set(entry.answer, { start: before, after })
    after = []
  })
  const groups = [...lines]
  return {
    start: entries[0]!.at,
    end: entries.at(-1)!.at,
    answers: groups.flatMap(([key, group]) => answer(key, group, begun.get(key)!, requests.of(key)) ?? []),
    tools: groups.flatMap(([key, group]) => toolRuns(key, group, results, entries.at(-1)!.at)),
    prompts,
    compactions,
  }
}

function resultsOf(entries: readonly Entry[]): Map<string, { readonly entry: Entry; readonly block: Fields }> {
  const results = new Map<string, { readonly entry: Entry; readonly block: Fields }>()
  for (const entry of entries) {
    if (entry.kind !== 'user') continue
    for (const block of entry.blocks) {
      const id = block['type'] === 'tool_result' ? text(block['tool_use_id']) : undefined
      if (id !== undefined && !results.has(id)) results.set(id, { entry, block })
    }
  }
  return results
}

/** What the program writes in the user's name: outputs of its own commands, reminders, summaries, notes of an interruption. */
const NOT_SAID = /^\s*(<local-command|<command-|<system-reminder|<bash-|\[Request interrupted|Caveat:)/

function isPrompt({ row, blocks }: Entry): boolean {
  if (row['isMeta'] === true || row['isCompactSummary'] === true || blocks.some(({ type }) => type === 'tool_result')) return false
  const said = text(valueAt(row, 'message.content')) ?? text(blocks.find(({ type }) => type === 'text')?.['text']) ?? ''
  return !NOT_SAID.test(said)
}

function answer(
  key: string, lines: readonly Entry[], { start, after }: Pick<Answer, 'start' | 'after'>, exchange: Exchange | undefined,
): Answer | undefined {
  const last = lines.at(-1)!
  const message = fields(last.row['message'])!
  const model = text(message['model']) ?? 'unknown'
  const isError = last.row['isApiErrorMessage'] === true
  // Written by the program itself, for example "No response requested.": nobody was asked.
  if (model === '<synthetic>' && !isError) return undefined
  const finish = lines.map(({ row }) => text(valueAt(row, 'message.stop_reason'))).findLast((reason) => reason !== undefined)
  const usage = isError ? undefined : usageOf(objects(lines.map(({ row }) => row['message'])), finish !== undefined || lines.length === 1)
  const toolCalls = lines.flatMap(({ blocks }) => blocks.flatMap((block) => (isToolUse(block) ? toolCall(block) : [])))
  const id = text(message['id'])
  const llm: LlmDetail = {
    provider: 'anthropic', operation: 'chat', api: 'messages', streamed: true,
    ...(model !== '<synthetic>' && { requestModel: model, responseModel: model }),
    ...(id !== undefined && !isError && { responseId: id }),
    ...(finish !== undefined && { finishReasons: [finish] }),
    ...(usage !== undefined && { usage }),
    ...(exchange !== undefined && exchange.response.length > 0 && { responseParts: exchange.response }),
    ...(toolCalls.length > 0 && { toolCalls }),
  }
  if (exchange?.request !== undefined) setRequestParts(llm, exchange.request)
  return {
    key, start, after, model,
    end: last.at,
    outcome: isError ? apiError(lines) : OK,
    llm,
  }
}

function apiError(lines: readonly Entry[]): Outcome {
  const said = lines.flatMap(({ blocks }) => blocks.map((block) => text(block['text']) ?? '')).join(' ')
  const status = /API Error:?\s*\(?(\d{3})\b/i.exec(said)?.[1]
  return { state: 'failed', type: 'ApiError', message: status === undefined ? 'the API gave an error' : `the API answered ${status}` }
}

function toolCall(block: Fields): ToolCallRequest {
  const id = text(block['id'])
  return { ...(id !== undefined && { id }), name: text(block['name']) ?? 'tool', argumentsChars: jsonText(block['input']).length }
}

function toolRuns(key: string, lines: readonly Entry[], results: ReturnType<typeof resultsOf>, threadEnd: number): ToolRun[] {
  return lines.flatMap(({ blocks, at }) => blocks.filter(isToolUse).flatMap((block): ToolRun[] => {
    const id = text(block['id'])
    if (id === undefined) return []
    const subagent = text(valueAt(block, 'input.subagent_type'))
    const result = results.get(id)
    const hashes = toolHashes(block['input'], result?.block['content'])
    const common = { id, name: text(block['name']) ?? 'tool', subagent, issuedBy: key, hashes }
    if (result === undefined) {
      // The conversation went on without a result, so nobody waited for one any more.
      const end = threadEnd > lines.at(-1)!.at ? at : undefined
      return [{ ...common, start: at, end, isMeasured: false, waitsFor: undefined, outcome: CANCELLED, agentId: undefined }]
    }
    const facts = fields(result.entry.row['toolUseResult'])
    const end = Math.max(at, result.entry.at)
    const took = subagent === undefined ? facts?.['durationMs'] : undefined
    const isMeasured = typeof took === 'number' && took >= 0 && end - Math.round(took) >= at
    return [{
      ...common, end, isMeasured,
      start: isMeasured ? end - Math.round(took) : at,
      waitsFor: waitsFor({ name: common.name, input: block['input'], block: result.block, noted: result.entry.row['toolUseResult'], said: textOf(result.block) }),
      outcome: outcomeOf(result.block, facts),
      agentId: text(facts?.['agentId']),
    }]
  }))
}
