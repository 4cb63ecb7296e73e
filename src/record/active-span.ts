import { OK } from '../model/span.ts'
import { within } from './context.ts'
import { outcomeOf, type SpanRecord } from './recorder.ts'

/** A span that is being recorded, as a user's code sees it. When nothing is recorded it takes everything and does nothing. */
export interface ActiveSpan {
  /** Empty when nothing is recorded. */
  readonly id: string
  set(attributes: Readonly<Record<string, unknown>>): void
  /** Ends it; only the first end counts. Without an outcome it is ok; an error makes it failed. */
  end(error?: unknown): void
}

/** For code that cannot take a callback. Ends at the end of the scope of its `using`. */
export interface StartedSpan extends ActiveSpan, Disposable {
  /** Calls `fn` with this span current. Starting alone does not make it so, or what runs beside it would nest into it. */
  within<T>(fn: () => T): T
}

export const inactive: StartedSpan = Object.freeze({
  id: '',
  set: () => {},
  end: () => {},
  within: <T>(fn: () => T): T => fn(),
  [Symbol.dispose]: () => {},
})

export class Handle implements StartedSpan {
  readonly #span: SpanRecord

  constructor(span: SpanRecord) {
    this.#span = span
  }

  get id(): string {
    return this.#span.id
  }

  set(attributes: Readonly<Record<string, unknown>>): void {
    this.#span.set(attributes)
  }

  end(error?: unknown): void {
    this.#span.end(error === undefined ? OK : outcomeOf(error))
  }

  within<T>(fn: () => T): T {
    return within(this.#span, fn)
  }

  [Symbol.dispose](): void {
    this.#span.end()
  }
}
