import type { Category } from '../../src/model/span.ts'
import type { RunSummary } from '../api.ts'

/** What is kept of a run besides its file: what lists show, and what statistics over many runs need. */
export interface IndexedRun {
  /** `live` is not in it: it depends on the time. */
  readonly summary: RunSummary
  readonly operations: readonly OperationFigures[]
  /** All of them, by their codes. */
  readonly findings: readonly FindingFigures[]
}

export interface OperationFigures {
  readonly name: string
  readonly category: Category
  readonly count: number
  readonly failed: number
  readonly wallNs: number
  readonly totalNs: number
}

export interface FindingFigures {
  readonly code: string
  readonly title: string
  readonly timeNs: number
  readonly costUsd: number
}

export type RunSource = RunSummary['source']

/** A file as it was when its runs were summarised. */
export interface FileFacts {
  /** Below the folder, with forward slashes. */
  readonly path: string
  readonly bytes: number
  readonly modifiedEpochMs: number
}
