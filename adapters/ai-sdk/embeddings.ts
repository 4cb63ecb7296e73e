import { outcomeOf, type CallbackSpans, type Outcome, type SpanRecord } from '../../src/kit.ts'
import { begin, callOf, type Model, type Operation } from './operation.ts'
import { embeddingUsage } from './usage.ts'

interface Request {
  /** Of this request alone. */
  readonly id: string
  readonly operationId: unknown
  readonly values: readonly unknown[]
  /** The same when it is sent again. */
  readonly request: unknown
}

interface Open {
  readonly id: string
  readonly operation: Operation
  readonly request: unknown
  /** How its last request failed. Null where failures are not told: then the same request is that one, sent again. */
  refused: Outcome | undefined | null
}

const FAILED: Outcome = { state: 'failed', type: 'error', message: 'its request failed' }

/** Calls of embedding models: several at once in one operation, and each may be tried again. */
export class Embeddings {
  readonly #spans: CallbackSpans
  /** By the ids of all their requests. */
  readonly #open = new Map<string, Open>()

  constructor(spans: CallbackSpans) {
    this.#spans = spans
  }

  /** @returns undefined when it is not recorded */
  start(operation: Operation, model: Model, { id, operationId, values, request: said }: Request, isToldOfFailures = true): SpanRecord | undefined {
    if (this.#open.has(id)) return this.#spans.span(this.#open.get(id)!.id)
    // `embed` makes one call, with a list of its own for each request.
    const request = operationId === 'ai.embed.doEmbed' ? operationId : said
    const refused = isToldOfFailures ? undefined : null
    for (const open of this.#open.values()) {
      if (open.operation !== operation || open.request !== request || open.refused === undefined) continue
      open.refused = refused
      this.#open.set(id, open)
      this.#spans.call(open.id)?.attempt()
      return this.#spans.span(open.id)
    }
    const call = this.#spans.beginLlm(id, operation.id, callOf(model, 'embedding'))
    if (call === undefined) return void this.#spans.end(id)
    this.#open.set(id, { id, operation, request, refused })
    begin(call, model, () => {
      for (const value of values) if (typeof value === 'string') call.requestText({ kind: 'user', text: value })
    })
    call.attempt()
    return call.span
  }

  end(id: string, usage: unknown): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    const call = this.#spans.call(open.id)
    call?.read(() => call.usage(embeddingUsage(usage)))
    this.#close(open)
    this.#spans.end(open.id)
  }

  refused(id: string, error: unknown): void {
    const open = this.#open.get(id)
    if (open !== undefined) open.refused = outcomeOf(error)
  }

  /** Ends what is left of an operation that is over. */
  leave(operation: Operation): void {
    for (const open of this.#open.values()) {
      if (open.operation !== operation) continue
      this.#close(open)
      this.#spans.end(open.id, open.refused ?? FAILED)
    }
  }

  #close(closed: Open): void {
    for (const [id, open] of this.#open) if (open === closed) this.#open.delete(id)
  }
}
