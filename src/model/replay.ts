/**
 * What simulating a run needs beside the times and parents of its spans. Indexes are places in `Analysis.spans`. Plain values and
 * typed arrays, so that a page gets it without the trace.
 */
export interface Replay {
  /** For each span its siblings that it provably needed: those of span i are `all[first[i]]` to `all[first[i + 1] - 1]`. */
  readonly needs: { readonly first: Int32Array; readonly all: Int32Array }
  /** What need not wait in the `proven` schedule. */
  readonly proven: {
    /** Spans of one group need not wait for each other; -1: none. */
    readonly groupOf: Int32Array
    readonly free?: {
      readonly freeFrom: Float64Array
      readonly canBeSkipped: Uint8Array
      readonly parents: Uint8Array
      /** Pairs: a span, and a sibling that has something in common with its input. */
      readonly shares: Int32Array
    }
  }
  /** By place in `Analysis.findings`: the change that its saving was simulated with; `null` where none was. */
  readonly changes: readonly (ReplayChange | null)[]
}

/** One way in which the run could have been other than it was. */
export interface ReplayChange {
  /** Groups of spans that need not wait for each other. */
  readonly together?: readonly (readonly number[])[]
  /** The members of a group do not wait even for what they needed: they become one turn. */
  readonly merged?: true
  /** Spans that take less, and by how much, nanoseconds. */
  readonly shorter?: { readonly spans: readonly number[]; readonly byNs: readonly number[] }
}
