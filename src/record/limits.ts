/** Everything has a limit; what a limit dropped is counted in the trace and shown in the report. */
export interface Limits {
  /** Spans per run. */
  readonly maxSpansPerRun: number
  /** Characters of text kept per run with `content: 'full'`. */
  readonly maxContentChars: number
  /** Parts of requests and answers per run. */
  readonly maxPartsPerRun: number
  /** Characters of a tool's arguments, and of its result, with `content: 'full'`. */
  readonly maxToolChars: number
  readonly maxAttributesPerSpan: number
  /** Characters of an attribute, an error message or a name. */
  readonly maxTextChars: number
}

export const defaultLimits: Limits = {
  maxSpansPerRun: 100_000,
  maxContentChars: 16_000_000,
  maxPartsPerRun: 50_000,
  maxToolChars: 100_000,
  maxAttributesPerSpan: 128,
  maxTextChars: 4_096,
}

export const clip = (text: string, maxChars: number): string =>
  text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`
