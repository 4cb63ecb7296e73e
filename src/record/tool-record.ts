import { hashText } from '../model/message.ts'
import type { SpanRecord } from './recorder.ts'
import { valueText } from './value-text.ts'

/** Of what a tool got and gave, looked at for its values only. */
const MAX_VALUE_CHARS = 32_001
/** Longer arguments and results are not hashed; texts are cut beyond. */
const MAX_HASHED_CHARS = 32_000

export interface ToolFacts {
  readonly name: string
  /** A text, or what the tool was called with. */
  readonly arguments: unknown
  /** The id of the call that it answers, where a framework tells it. */
  readonly callId?: string | undefined
}

/** Writes down what tools, memory operations and retrievals get and give. */
export class ToolTexts {
  readonly #keepsText: boolean
  readonly #maxToolChars: number

  constructor(content: 'none' | 'full', maxToolChars: number) {
    this.#keepsText = content === 'full'
    this.#maxToolChars = maxToolChars
  }

  /** A tool whose function is called with `args`. */
  called(span: SpanRecord, name: string, args: readonly unknown[]): void {
    const issued = span.run.takeToolCall(name, args)
    // Most tools take one object; several arguments are written as a list.
    const own = args.length === 1 ? args[0] : args
    this.#describe(span, name, issued?.argumentsText ?? this.textOf(own), { ...issued, own })
  }

  /** A tool that a framework tells of. */
  told(span: SpanRecord, { name, arguments: own, callId }: ToolFacts): void {
    const issued = (callId !== undefined ? span.run.takeToolCallById(callId) : undefined) ?? span.run.takeToolCall(name, [own])
    // What is not told is no argument: two calls are not alike by it.
    const args = issued?.argumentsText || (own === undefined ? undefined : this.textOf(own))
    this.#describe(span, name, args, { span: issued?.span, callId: callId ?? issued?.callId, own })
  }

  #describe(
    span: SpanRecord, name: string, text: string | undefined,
    { span: issuer, callId, own }: { readonly span?: SpanRecord | undefined; readonly callId?: string | undefined; readonly own: unknown },
  ): void {
    if (text !== undefined) span.run.values.input(span, text)
    const argumentsHash = text === undefined ? undefined : this.#hashOf(text)
    span.extend().tool = {
      name,
      ...(argumentsHash !== undefined && { argumentsHash }),
      ...(callId !== undefined && { callId }),
      ...(issuer !== undefined && { issuedBy: issuer.id }),
      ...(this.#keepsText && own !== undefined && { arguments: this.textOf(own) }),
    }
  }

  /** What it came to. */
  gave(span: SpanRecord, value: unknown): void {
    const { tool } = span.extend()
    const text = this.textOf(value)
    if (tool !== undefined && value !== undefined) {
      const resultHash = this.#hashOf(text)
      if (resultHash !== undefined) tool.resultHash = resultHash
      if (this.#keepsText) tool.result = text
    }
    span.run.values.output(span, text, span.run.now(), tool?.callId)
  }

  /** A memory operation or a retrieval: its texts are not recorded, but what it needed is. */
  lookedUp(span: SpanRecord, args: readonly unknown[]): void {
    span.run.values.input(span, this.textOf(args.length === 1 ? args[0] : args))
  }

  found(span: SpanRecord, value: unknown): void {
    span.run.values.output(span, this.textOf(value), span.run.now())
  }

  textOf(value: unknown): string {
    return valueText(value, this.#keepsText ? this.#maxToolChars : MAX_VALUE_CHARS)
  }

  /** Undefined for a text that was cut: another one may begin alike. */
  #hashOf(text: string): string | undefined {
    return text.length < Math.min(MAX_HASHED_CHARS, this.#maxToolChars) ? hashText(text) : undefined
  }

  /** The same for what a tool is called with, to tell calls apart. */
  hashOfArguments(own: unknown): string | undefined {
    return this.#hashOf(this.textOf(own))
  }
}
