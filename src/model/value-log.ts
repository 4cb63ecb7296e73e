import { ValueIndex, type FoundValues, type SpanValues, type ValueSource } from './values.ts'

/** Characters of one text that are looked at, and of all texts of a run. What is beyond counts as unknown. */
const MAX_TEXT_CHARS = 32_000
const MAX_RUN_CHARS = 8_000_000
/** What stands in a text for something that it leaves out. */
const LEFT_OUT = /…|\.\.\.\s*$|\[(?:unreadable|circular|deeper|function|symbol|unseen \w*|\d+ bytes)\]|\b(?:truncated|omitted)\b/i

/** How spans are told apart and told about; they may be records under way or finished ones. */
export interface ValueSpans<S> {
  readonly id: (span: S) => string
  /** Of a tool: the LLM span that asked for it, whose answer has its arguments anyway. */
  readonly issuedBy: (span: S) => string | undefined
  readonly isLlm: (span: S) => boolean
  readonly add: (span: S, values: SpanValues) => void
}

type Event<S> =
  | { readonly kind: 'given'; readonly text: string; readonly at: number }
  | { readonly kind: 'input'; readonly span: S; readonly text: string }
  | { readonly kind: 'output' | 'answer'; readonly span: S; readonly text: string; readonly at: number }

/**
 * The texts that pass by in a run, in order of their time, until somebody has a moment to look which values of one stand in
 * another. Recording only notes them; afterwards they are let go.
 */
export class ValueLog<S extends object> {
  readonly #spans: ValueSpans<S>
  #events: Event<S>[] = []
  #next = 0
  #chars = 0
  readonly #index = new ValueIndex()
  /** Spans by the number of their output. */
  readonly #outputs: S[] = []
  readonly #numbers = new Map<S, number>()
  /** Calls of tools whose results were seen when they came. */
  readonly #calls = new Set<string>()

  constructor(spans: ValueSpans<S>) {
    this.#spans = spans
  }

  /** What a request brings along. @param callId of a tool's result */
  given(text: string, at: number, callId?: string): void {
    if ((callId === undefined || !this.#calls.has(callId)) && this.#takes(text)) this.#events.push({ kind: 'given', text, at })
  }

  /** What a tool or a retrieval was called with. */
  input(span: S, text: string): void {
    if (this.#takes(text)) this.#events.push({ kind: 'input', span, text })
  }

  /** @param callId of a tool's call, by which requests carry its result */
  output(span: S, text: string, at: number, callId?: string): void {
    if (!this.#takes(text)) return
    this.#events.push({ kind: 'output', span, text, at })
    if (callId !== undefined) this.#calls.add(callId)
  }

  /** What a model wrote. */
  answer(span: S, text: string, at: number): void {
    if (this.#takes(text)) this.#events.push({ kind: 'answer', span, text, at })
  }

  /** Of the texts that came by. */
  get chars(): number {
    return this.#chars
  }

  get isDone(): boolean {
    return this.#next >= this.#events.length
  }

  /** Looks at about so many characters. @returns how many it were */
  work(maxChars: number): number {
    let done = 0
    for (; this.#next < this.#events.length && done < maxChars; this.#next++) {
      const event = this.#events[this.#next]!
      this.#look(event)
      done += Math.min(event.text.length, MAX_TEXT_CHARS)
    }
    if (this.isDone) {
      this.#events = []
      this.#next = 0
    }
    return done
  }

  #takes(text: string): boolean {
    this.#chars += Math.min(text.length, MAX_TEXT_CHARS)
    return this.#chars <= MAX_RUN_CHARS
  }

  #look(event: Event<S>): void {
    const { kind } = event
    const isWhole = event.text.length <= MAX_TEXT_CHARS
    const text = isWhole ? event.text : event.text.slice(0, MAX_TEXT_CHARS)
    switch (kind) {
      case 'given': return this.#index.given(text, event.at)
      case 'output': {
        const isKept = this.#index.output(this.#numberOf(event.span), text, event.at)
        if (isKept && isWhole && !LEFT_OUT.test(text)) this.#spans.add(event.span, { seen: true })
        return undefined
      }
      case 'answer': {
        const repeats = this.#sources(this.#index.repeated(text), event.span)
        if (repeats.length > 0) this.#spans.add(event.span, { repeats })
        this.#index.output(this.#numberOf(event.span), text, event.at)
        return undefined
      }
      case 'input': return this.#spans.add(event.span, this.#inputValues(this.#index.input(text), event.span, isWhole && !LEFT_OUT.test(text)))
      default: return kind satisfies never
    }
  }

  #inputValues({ from, shares, knownAt }: FoundValues, span: S, isWhole: boolean): SpanValues {
    const sources = this.#sources(from, span)
    // An answer that asked for the call has its arguments, and says nothing of where they come from.
    const shared = shares === 'all' ? shares : [...shares].flatMap((output) => {
      const other = this.#outputs[output]
      return other === undefined || this.#spans.isLlm(other) ? [] : [this.#spans.id(other)]
    })
    return {
      ...(sources.length > 0 && { from: sources }),
      ...(shared.length > 0 && { shares: shared }),
      ...(isWhole && knownAt !== undefined && { knownAt }),
    }
  }

  #sources(from: FoundValues['from'], span: S): ValueSource[] {
    const issuedBy = this.#spans.issuedBy(span)
    return [...from].flatMap(([output, { kind, count }]) => {
      const other = this.#outputs[output]
      if (other === undefined || other === span) return []
      const spanId = this.#spans.id(other)
      return spanId === issuedBy ? [] : [{ spanId, kind, count }]
    })
  }

  #numberOf(span: S): number {
    const known = this.#numbers.get(span)
    if (known !== undefined) return known
    const number = this.#outputs.push(span) - 1
    this.#numbers.set(span, number)
    return number
  }
}
