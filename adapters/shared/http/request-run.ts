import { STATUS_CODES } from 'node:http'
import { outcomeOf, type Outcome, type Profiler, type SpanRecord } from '../../../src/kit.ts'
import type { Trace } from '../../../src/model/span.ts'

export interface RequestFacts {
  readonly method: string
  /** Without the query. */
  readonly path: string
}

export interface Ending {
  /** Absent when no response began. */
  readonly status?: number | undefined
  /** The pattern of the route that answered, such as `/users/:id`. */
  readonly route?: string | undefined
  /** The connection was closed before the response was whole. */
  readonly isCut?: boolean
}

/** One request as a run: from its arrival until its response is finished. Names and attributes hold no query. */
export class RequestRun {
  readonly span: SpanRecord
  readonly #profiler: Profiler
  readonly #facts: RequestFacts
  #error: { readonly value: unknown } | undefined

  constructor(profiler: Profiler, span: SpanRecord, facts: RequestFacts) {
    this.#profiler = profiler
    this.span = span
    this.#facts = facts
    span.set({ 'http.request.method': facts.method, 'url.path': facts.path })
  }

  /** The handler failed. How the run ends is up to the response all the same: an error may have been answered with a 404. */
  failed(error: unknown): void {
    this.#error ??= { value: error }
  }

  /** @returns the trace; undefined when the run had ended before */
  end({ status, route, isCut = false }: Ending): Trace | undefined {
    const { span } = this
    if (!span.open) return undefined
    if (route !== undefined && route !== '') {
      span.name = `${this.#facts.method} ${route}`
      span.set({ 'http.route': route })
    }
    if (status !== undefined) span.set({ 'http.response.status_code': status })
    span.end(this.#outcome(status, isCut))
    return this.#profiler.traceOf(span)
  }

  #outcome(status: number | undefined, isCut: boolean): Outcome {
    const failure = this.#error === undefined ? undefined : outcomeOf(this.#error.value)
    if (isCut) return failure ?? { state: 'cancelled' }
    if (status === undefined || status < 500) return { state: 'ok' }
    return failure?.state === 'failed' ? failure : { state: 'failed', type: `HTTP ${status}`, message: STATUS_CODES[status] ?? '' }
  }
}
