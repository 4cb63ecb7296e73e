import type { FindingSummary, RunSummary } from '../api.ts'
import type { FileFacts, IndexedRun, RunSource } from './runs.ts'

/**
 * Texts that come again and again, by number: names, services, models, tags (`key=value`), codes, categories, and operations as their
 * category and name. A hundred thousand runs share a few thousand of them, and comparing numbers is faster.
 */
export class Words {
  readonly all: string[] = []
  readonly #numbers = new Map<string, number>()

  number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.all.length)
    return this.all.push(text) - 1
  }

  /** In place of all that are here. */
  take({ all }: Words): void {
    this.all.length = 0
    this.#numbers.clear()
    for (const word of all) this.number(word)
  }

  /** -1 for one that no run has. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1
  }
}

export const OUTCOMES: readonly RunSummary['outcome'][] = ['ok', 'failed', 'cancelled', 'open']
export const CONFIDENCES: readonly FindingSummary['confidence'][] = ['proven', 'likely', 'possible']
/** Of a number that is not known. */
export const NONE = -1

/** A run as it stands in the index: numbers in a fixed order, `-1` for what is not known. Times of operations are microseconds. */
export type PackedRun = readonly [
  key: string, traceId: string, name: number, service: number, tags: readonly number[], models: readonly number[],
  startedAtEpochMs: number, durationNs: number, outcome: number, spans: number, llmCalls: number, toolCalls: number,
  inputTokens: number, cachedTokens: number, outputTokens: number, costUsd: number, categories: readonly number[],
  findingCount: number, shown: readonly unknown[], findings: readonly number[], operations: readonly number[], failure?: string, problem?: string,
]

/** Of `operations`: number of its word, count, failed, wall and total microseconds. */
export const OPERATION = { size: 5, count: 1, failed: 2, wallUs: 3, totalUs: 4 } as const
/** Of `findings`: number of the code's word, microseconds, US dollars. */
export const FINDING = { size: 3, timeUs: 1, costUsd: 2 } as const
/** Of `shown`: number of the code's word, title, confidence, saving. */
export const SHOWN_SIZE = 4

/** A file as it is known: its facts when it was read, and what it is. */
export interface StoredFile extends FileFacts {
  readonly source: RunSource
  /** Its spans have no root yet, so more are to come. */
  readonly isRootless: boolean
}

export function pack({ summary, operations, findings }: IndexedRun, words: Words): PackedRun {
  const { key, traceId, name, service, tags = {}, models, startedAtEpochMs, durationNs, outcome, spans, llmCalls, toolCalls, categories, failure, problem } = summary
  const { inputTokens = NONE, cachedTokens = NONE, outputTokens = NONE, costUsd = NONE } = summary
  const word = (text: string): number => words.number(text)
  return [
    key, traceId, word(name), service === undefined ? NONE : word(service), Object.entries(tags).map(([tag, value]) => word(`${tag}=${value}`)),
    models.map(word), startedAtEpochMs, durationNs, OUTCOMES.indexOf(outcome), spans, llmCalls, toolCalls,
    inputTokens, cachedTokens, outputTokens, costUsd, categories.flatMap(({ category, wallNs }) => [word(category), wallNs]),
    summary.findingCount, summary.findings.flatMap(({ code, title, confidence, saving }) => [word(code), title, CONFIDENCES.indexOf(confidence), saving] as unknown[]),
    findings.flatMap(({ code, timeNs, costUsd: saved }) => [word(code), toUs(timeNs), saved]),
    operations.flatMap(({ name: called, category, count, failed, wallNs, totalNs }) => [word(`${category}\n${called}`), count, failed, toUs(wallNs), toUs(totalNs)]),
    ...((failure ?? problem) === undefined ? [] : [failure ?? '']), ...(problem === undefined ? [] : [problem]),
  ] as unknown as PackedRun
}

/** The same run with other numbers for its words. */
export function renumbered(run: PackedRun, numberOf: (word: number) => number): PackedRun {
  const [key, traceId, name, service, tags, models, ...rest] = run
  const [startedAtEpochMs, durationNs, outcome, spans, llmCalls, toolCalls, inputTokens, cachedTokens, outputTokens, costUsd, categories, findingCount, shown, findings, operations, ...problems] = rest
  const every = <T>(size: number, list: readonly T[]): T[] => list.map((one, i) => (i % size === 0 ? numberOf(one as number) as T : one))
  return [
    key, traceId, numberOf(name), service === NONE ? NONE : numberOf(service), every(1, tags), every(1, models), startedAtEpochMs, durationNs,
    outcome, spans, llmCalls, toolCalls, inputTokens, cachedTokens, outputTokens, costUsd, every(2, categories), findingCount,
    every(SHOWN_SIZE, shown), every(FINDING.size, findings), every(OPERATION.size, operations), ...problems,
  ]
}

const toUs = (ns: number): number => Math.round(ns / 1_000)

/** As the list shows it. */
export function summaryOf(run: PackedRun, source: RunSource, { all: words }: Words): RunSummary {
  const [
    key, traceId, name, service, tags, models, startedAtEpochMs, durationNs, outcome, spans, llmCalls, toolCalls,
    inputTokens, cachedTokens, outputTokens, costUsd, categories, findingCount, shown, , , failure, problem,
  ] = run
  return {
    key, traceId, name: words[name]!,
    ...(service !== NONE && { service: words[service]! }),
    ...(tags.length > 0 && { tags: Object.fromEntries(tags.map((tag) => splitOnce(words[tag]!, '='))) }),
    startedAtEpochMs, durationNs, outcome: OUTCOMES[outcome]!,
    ...(failure !== undefined && failure !== '' && { failure }),
    source,
    ...(problem !== undefined && { problem }),
    spans, llmCalls, toolCalls,
    ...(inputTokens !== NONE && { inputTokens, cachedTokens, outputTokens }),
    ...(costUsd !== NONE && { costUsd }),
    models: models.map((model) => words[model]!),
    categories: inGroups(categories, 2).map(([category, wallNs]) => ({ category: words[category as number]!, wallNs: wallNs as number })),
    findings: shownFindings(shown, words),
    findingCount,
  }
}

export const shownFindings = (shown: readonly unknown[], words: readonly string[]): FindingSummary[] =>
  inGroups(shown, SHOWN_SIZE).map(([code, title, confidence, saving]) => ({
    code: words[code as number]!, title: title as string, saving: saving as FindingSummary['saving'], confidence: CONFIDENCES[confidence as number]!,
  }))

/** What stands before the sign is never in what stands before it. */
export function splitOnce(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign)
  return [text.slice(0, at), text.slice(at + 1)]
}

function inGroups<T>(list: readonly T[], size: number): T[][] {
  const groups: T[][] = []
  for (let i = 0; i < list.length; i += size) groups.push(list.slice(i, i + size))
  return groups
}
