import type { CallSummary } from '../../../src/model/analysis.ts'
import type { Outcome } from '../../../src/model/span.ts'
import { STATES, type CallContent, type RunDocument, type SpanColumns, type SpanExtra } from '../../document/run-document.ts'
import { cleanName } from '../../../reports/shared/text.ts'

/** A run as the views read it. Spans go by their place: `i` is the i-th in order of start, 0 the root. */
export class RunModel {
  readonly document: RunDocument
  readonly analysis: RunDocument['analysis']
  readonly spans: SpanColumns
  readonly durationNs: number
  /** The time at which the run starts, ns: 0 but in imported runs. */
  readonly startNs: number
  /** When the last span ends: late work may be after the run's end. */
  readonly endNs: number
  #places: ReadonlyMap<string, number> | undefined
  #children: { readonly first: Int32Array; readonly all: Int32Array } | undefined
  readonly #names: readonly string[]

  constructor(document: RunDocument) {
    const { analysis, spans } = document
    this.document = document
    this.analysis = analysis
    this.spans = spans
    this.durationNs = analysis.totals.durationNs
    this.startNs = spans.start[0] ?? 0
    this.endNs = spans.end.reduce((latest, end) => Math.max(latest, end), this.startNs + this.durationNs)
    this.#names = spans.names.map(cleanName)
  }

  get count(): number {
    return this.spans.count
  }

  /** Undefined for an id that is no span of this run. */
  placeOf(id: string): number | undefined {
    this.#places ??= new Map(this.spans.ids.map((one, i) => [one, i]))
    return this.#places.get(id)
  }

  placesOf(ids: readonly string[]): number[] {
    return ids.flatMap((id) => this.placeOf(id) ?? [])
  }

  /** Fit to be shown: without control characters. */
  name(i: number): string {
    return this.#names[this.spans.name[i]!]!
  }

  category(i: number): string {
    return this.spans.categories[this.spans.category[i]!]!
  }

  durationOf(i: number): number {
    return this.spans.end[i]! - this.spans.start[i]!
  }

  state(i: number): Outcome['state'] {
    return STATES[this.spans.state[i]!]!
  }

  extra(i: number): SpanExtra {
    return this.spans.details[i] ?? {}
  }

  call(i: number): CallSummary | undefined {
    const number = this.spans.call[i]!
    return number === 0 ? undefined : this.analysis.calls[number - 1]
  }

  callContent(i: number): CallContent | undefined {
    return this.document.content.calls[this.spans.call[i]! - 1] ?? undefined
  }

  /** In order of start. */
  children(i: number): Int32Array {
    this.#children ??= childrenOf(this.spans.parent)
    return this.#children.all.subarray(this.#children.first[i], this.#children.first[i + 1])
  }

  /** Itself, its parent and so on to the root. */
  ancestors(i: number): number[] {
    const found: number[] = []
    for (let at = i; at !== -1 && found.length <= this.count; at = this.spans.parent[at]!) found.push(at)
    return found
  }
}

function childrenOf(parent: Int32Array): { readonly first: Int32Array; readonly all: Int32Array } {
  const first = new Int32Array(parent.length + 1)
  for (const p of parent) if (p !== -1) first[p + 1]!++
  for (let i = 1; i < first.length; i++) first[i]! += first[i - 1]!
  const next = first.slice()
  const all = new Int32Array(first[parent.length] ?? 0)
  parent.forEach((p, i) => {
    if (p !== -1) all[next[p]!++] = i
  })
  return { first, all }
}
