export interface WriteStats {
  readonly files: number
  /** Spans that did not get into a file, for want of a disk that takes them. */
  readonly lostSpans: number
}

/** How much stays in the folder. The oldest files go first; the newest stays whatever its size. */
export interface Retention {
  readonly maxRuns: number
  readonly maxAgeDays: number
  readonly maxBytes: number
}

export const defaultRetention: Retention = { maxRuns: 1_000, maxAgeDays: 30, maxBytes: 1_000_000_000 }
