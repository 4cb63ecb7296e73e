import type { FindingSummary, RunSummary } from '../api.ts'
import type { IndexedRun, RunSource } from './runs.ts'

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

  /** -1 for one that no run has. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1
  }
}

const OUTCOMES: readonly RunSummary['outcome'][] = ['ok', 'failed', 'cancelled', 'open']
const CONFIDENCES: readonly FindingSummary['confidence'][] = ['proven', 'likely', 'possible']
const NONE = -1

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
const SHOWN_SIZE = 4

export interface StoredFile {
  readonly path: string
  readonly bytes: number
  readonly modifiedEpochMs: number
  readonly source: RunSource
  /** Its spans have no root yet, so more are to come. */
  readonly isRootless: boolean
  runs: readonly StoredRun[]
}

/** A run in memory. */
export class StoredRun {
  readonly key: string
  readonly traceId: string
  readonly name: number
  readonly service: number
  readonly tags: readonly number[]
  readonly models: readonly number[]
  readonly startedAtEpochMs: number
  readonly durationNs: number
  readonly outcome: number
  readonly spans: number
  readonly llmCalls: number
  readonly toolCalls: number
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  readonly categories: readonly number[]
  readonly findingCount: number
  readonly shown: readonly unknown[]
  readonly findings: readonly number[]
  readonly operations: readonly number[]
  readonly failure: string | undefined
  readonly problem: string | undefined
  readonly file: StoredFile

  constructor(packed: PackedRun, file: StoredFile) {
    [
      this.key, this.traceId, this.name, this.service, this.tags, this.models, this.startedAtEpochMs, this.durationNs, this.outcome, this.spans,
      this.llmCalls, this.toolCalls, this.inputTokens, this.cachedTokens, this.outputTokens, this.costUsd, this.categories, this.findingCount,
      this.shown, this.findings, this.operations, this.failure, this.problem,
    ] = packed
    this.file = file
  }

  /** Input and output; -1 where no call told. */
  get tokens(): number {
    return this.inputTokens === NONE ? NONE : this.inputTokens + this.outputTokens
  }

  get hasFailed(): boolean {
    return this.outcome === FAILED
  }

  packed(): PackedRun {
    const { failure, problem } = this
    return [
      this.key, this.traceId, this.name, this.service, this.tags, this.models, this.startedAtEpochMs, this.durationNs, this.outcome, this.spans,
      this.llmCalls, this.toolCalls, this.inputTokens, this.cachedTokens, this.outputTokens, this.costUsd, this.categories, this.findingCount,
      this.shown, this.findings, this.operations,
      ...((failure ?? problem) === undefined ? [] : [failure ?? '']), ...(problem === undefined ? [] : [problem]),
    ] as unknown as PackedRun
  }
}

const FAILED = OUTCOMES.indexOf('failed')

export const outcomeOf = ({ outcome }: StoredRun): RunSummary['outcome'] => OUTCOMES[outcome]!

export function pack({ summary, operations, findings }: IndexedRun, words: Words): PackedRun {
  const { key, traceId, name, service, tags = {}, models, startedAtEpochMs, durationNs, outcome, spans, llmCalls, toolCalls, categories, failure, problem } = summary
  const { inputTokens = NONE, cachedTokens = NONE, outputTokens = NONE, costUsd = NONE } = summary
  const word = (text: string): number => words.number(text)
  return [
    key, traceId, word(name), service === undefined ? NONE : word(service), Object.entries(tags).map(([tag, value]) => word(`${tag}=${value}`)),
    models.map(word), startedAtEpochMs, durationNs, OUTCOMES.indexOf(outcome), spans, llmCalls, toolCalls,
    inputTokens, cachedTokens, outputTokens, costUsd, exact(categories.flatMap(({ category, wallNs }) => [word(category), wallNs])),
    summary.findingCount, exact(summary.findings.flatMap(({ code, title, confidence, saving }) => [word(code), title, CONFIDENCES.indexOf(confidence), saving] as unknown[])),
    exact(findings.flatMap(({ code, timeNs, costUsd: saved }) => [word(code), toUs(timeNs), saved])),
    exact(operations.flatMap(({ name: called, category, count, failed, wallNs, totalNs }) => [word(`${category}\n${called}`), count, failed, toUs(wallNs), toUs(totalNs)])),
    ...((failure ?? problem) === undefined ? [] : [failure ?? '']), ...(problem === undefined ? [] : [problem]),
  ] as unknown as PackedRun
}

/** Without the room that lists have got for growing: there are a hundred thousand of them. */
const exact = <T>(list: readonly T[]): readonly T[] => list.slice()

const toUs = (ns: number): number => Math.round(ns / 1_000)

/** As the list shows it. */
export function summaryOf(run: StoredRun, { all: words }: Words): RunSummary {
  const { service, tags, inputTokens, cachedTokens, outputTokens, costUsd, failure, problem, categories, shown } = run
  return {
    key: run.key, traceId: run.traceId, name: words[run.name]!,
    ...(service !== NONE && { service: words[service]! }),
    ...(tags.length > 0 && { tags: Object.fromEntries(tags.map((tag) => splitOnce(words[tag]!, '='))) }),
    startedAtEpochMs: run.startedAtEpochMs, durationNs: run.durationNs, outcome: outcomeOf(run),
    ...(failure !== undefined && failure !== '' && { failure }),
    source: run.file.source,
    ...(problem !== undefined && { problem }),
    spans: run.spans, llmCalls: run.llmCalls, toolCalls: run.toolCalls,
    ...(inputTokens !== NONE && { inputTokens, cachedTokens, outputTokens }),
    ...(costUsd !== NONE && { costUsd }),
    models: run.models.map((model) => words[model]!),
    categories: inGroups(categories, 2).map(([category, wallNs]) => ({ category: words[category as number]!, wallNs: wallNs as number })),
    findings: shownFindings(shown, words),
    findingCount: run.findingCount,
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
