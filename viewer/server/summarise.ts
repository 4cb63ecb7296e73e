import { createHash } from 'node:crypto'
import { knownTotals } from '../../src/analyze/totals.ts'
import type { Amount, Analysis, Finding } from '../../src/model/analysis.ts'
import type { RunSummary } from '../api.ts'
import type { FindingFigures, IndexedRun, RunSource } from './runs.ts'

const MAX_OPERATIONS = 60
const MAX_CATEGORIES = 12
const MAX_MODELS = 20
const MAX_TEXT = 300

/**
 * Opaque to whoever has it, and the same each time, also when the file is moved.
 * @param path for a run of which another file has a copy, or of which no id can be read
 */
export const keyOf = (traceId: string, path = ''): string =>
  createHash('sha256').update(`${path}\n${traceId}`).digest('base64url').slice(0, 22)

export interface Origin {
  readonly path: string
  readonly source: RunSource
  readonly problem?: string | undefined
}

/** What lists and statistics need of a run. */
export function summarise(analysis: Analysis, { source, problem }: Omit<Origin, 'path'>): IndexedRun {
  const { run, totals, categories, operations, findings } = analysis
  const { outcome, service, tags } = run
  const summary: RunSummary = {
    key: keyOf(run.traceId),
    traceId: run.traceId,
    name: clip(run.name),
    ...(service !== undefined && { service: clip(service) }),
    ...(tags !== undefined && { tags: Object.fromEntries(Object.entries(tags).slice(0, 32).map(([key, tag]) => [clip(key), clip(tag)])) }),
    startedAtEpochMs: run.startedAtEpochMs,
    durationNs: totals.durationNs,
    outcome: outcome.state,
    ...(outcome.state === 'failed' && { failure: clip(outcome.message === '' ? outcome.type : `${outcome.type}: ${outcome.message}`) }),
    source,
    ...(problem !== undefined && { problem: clip(problem) }),
    spans: totals.spans,
    llmCalls: totals.llmCalls,
    toolCalls: totals.toolCalls,
    ...knownTotals(totals),
    models: [...new Set(analysis.models.map(({ model }) => model))].slice(0, MAX_MODELS).map(clip),
    categories: categories.slice(0, MAX_CATEGORIES).filter(({ wallNs }) => wallNs > 0).map(({ category, wallNs }) => ({ category: clip(category), wallNs })),
    findings: findings.slice(0, 3).map(({ code, title, saving, confidence }) => ({ code, title: clip(title), saving, confidence })),
    findingCount: findings.length,
  }
  return {
    summary,
    operations: operations.slice(0, MAX_OPERATIONS).map(({ name, category, count, failed, wallNs, totalNs }) => ({ name: clip(name), category: clip(category), count, failed, wallNs, totalNs })),
    findings: byCode(findings),
  }
}

/** A file that holds no run that could be read stands in the list too, with the reason. */
export const unreadable = ({ path, source }: Omit<Origin, 'problem'>, problem: string, modifiedEpochMs: number): IndexedRun => ({
  summary: {
    key: keyOf('', path), traceId: '', name: clip(path.slice(path.lastIndexOf('/') + 1)), startedAtEpochMs: modifiedEpochMs, durationNs: 0,
    outcome: 'failed', failure: clip(problem), problem: clip(problem), source,
    spans: 0, llmCalls: 0, toolCalls: 0, models: [], categories: [], findings: [], findingCount: 0,
  },
  operations: [],
  findings: [],
})

const clip = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`)

/** One for each code: its savings together, under the title of the one that saves most. */
function byCode(findings: readonly Finding[]): FindingFigures[] {
  const found = new Map<string, FindingFigures>()
  for (const { code, title, saving } of findings) {
    const before = found.get(code)
    found.set(code, {
      code, title: before?.title ?? clip(title),
      timeNs: (before?.timeNs ?? 0) + atLeast(saving.timeNs), costUsd: (before?.costUsd ?? 0) + atLeast(saving.costUsd),
    })
  }
  return [...found.values()]
}

/** What is saved in any case. */
const atLeast = (amount: Amount | undefined): number => (typeof amount === 'object' ? amount.low : amount ?? 0)
