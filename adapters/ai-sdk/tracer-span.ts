import { outcomeOf, type Outcome } from '../../src/kit.ts'
import { fields, type Fields } from '../shared/json.ts'

/**
 * A tracer as `@opentelemetry/api` has it: what versions 5 and 6 are given. Its types are those of OpenTelemetry as far as they go, so that
 * no package of it has to be there.
 */
export interface Tracer {
  startSpan(name: string, options?: unknown, context?: unknown): TracerSpan
  startActiveSpan<F extends (span: TracerSpan) => unknown>(name: string, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: TracerSpan) => unknown>(name: string, options: object, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: TracerSpan) => unknown>(name: string, options: object, context: unknown, fn: F): ReturnType<F>
}

export interface TracerSpan {
  spanContext(): { traceId: string; spanId: string; traceFlags: number }
  setAttribute(key: string, value: unknown): this
  setAttributes(attributes: object): this
  addEvent(name: string, attributesOrTime?: unknown, time?: unknown): this
  addLink(link: unknown): this
  addLinks(links: unknown[]): this
  setStatus(status: { code: number; message?: string }): this
  updateName(name: string): this
  end(time?: unknown): void
  isRecording(): boolean
  recordException(exception: unknown, time?: unknown): void
}

/** OpenTelemetry's `SpanStatusCode.ERROR`. */
const ERROR = 2
const NO_CONTEXT = Object.freeze({ traceId: '', spanId: '', traceFlags: 0 })

/** What the SDK gets as its span: it keeps what only a span is told, and tells a span of the user's own tracer all of it. */
export class ToldSpan implements TracerSpan {
  #own: TracerSpan | undefined
  readonly #ended: (span: ToldSpan) => void
  #attributes: Fields = {}
  #outcome: Outcome = { state: 'ok' }

  /** @param ended must not throw */
  constructor(ended: (span: ToldSpan) => void) {
    this.#ended = ended
  }

  /** @param own a span of the user's own tracer, which hears all from here on */
  tell(own: TracerSpan): this {
    this.#own = own
    return this
  }

  get attributes(): Fields {
    return this.#attributes
  }

  get outcome(): Outcome {
    return this.#outcome
  }

  spanContext(): { traceId: string; spanId: string; traceFlags: number } {
    return this.#own?.spanContext() ?? NO_CONTEXT
  }

  setAttribute(key: string, value: unknown): this {
    this.#attributes = { ...this.#attributes, [key]: value }
    this.#own?.setAttribute(key, value)
    return this
  }

  setAttributes(attributes: object): this {
    this.#attributes = { ...this.#attributes, ...fields(attributes) }
    this.#own?.setAttributes(attributes)
    return this
  }

  addEvent(name: string, attributesOrTime?: unknown, time?: unknown): this {
    this.#own?.addEvent(name, attributesOrTime, time)
    return this
  }

  addLink(link: unknown): this {
    this.#own?.addLink(link)
    return this
  }

  addLinks(links: unknown[]): this {
    this.#own?.addLinks(links)
    return this
  }

  setStatus(status: { code: number; message?: string }): this {
    if (status.code === ERROR && this.#outcome.state === 'ok') {
      this.#outcome = { state: 'failed', type: 'error', message: status.message ?? '' }
    }
    this.#own?.setStatus(status)
    return this
  }

  updateName(name: string): this {
    this.#own?.updateName(name)
    return this
  }

  end(time?: unknown): void {
    try {
      this.#own?.end(time)
    } finally {
      this.#ended(this)
    }
  }

  isRecording(): boolean {
    return this.#own?.isRecording() ?? true
  }

  recordException(exception: unknown, time?: unknown): void {
    this.#outcome = outcomeOf(exception)
    this.#own?.recordException(exception, time)
  }
}
