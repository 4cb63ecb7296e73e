import type { Analysis } from '../../src/model/analysis.ts'
import type { Trace } from '../../src/model/span.ts'

/** Each report reads the options that concern it. */
export interface ReportOptions {
  /** Columns of the terminal; default 80, at least 40. */
  readonly width?: number
  /** Colour by SGR sequences. The caller decides, from the terminal and `NO_COLOR`; default false. */
  readonly color?: boolean
  /** Only ASCII characters, for terminals and logs that show no others. */
  readonly ascii?: boolean
  /** Rows of the flame chart; default 30. */
  readonly maxRows?: number
  /** What folded stacks are weighted by; default `time`. */
  readonly weight?: Weight
  /** Whether JSON is indented; default true for the analysis, which people read, and false for OTLP. */
  readonly indent?: boolean
  /** Whether CSV begins with a byte order mark, by which Excel knows UTF-8; default false. */
  readonly bom?: boolean
  /** The generation of the OpenTelemetry GenAI conventions that OTLP is written in; default `1.41`, the one most widely read. */
  readonly semconv?: '1.41' | 'latest'
  /** Of the program that writes, for formats that name it: OTLP's `telemetry.sdk.version`. Default: left out. */
  readonly version?: string
}

/** Self time in microseconds, input and output tokens, or cost in millionths of a US dollar. */
export type Weight = 'time' | 'tokens' | 'cost'

/** A way out for an analysis: a function of its input, without clock, file or process. */
export interface Report<Output extends string | Uint8Array = string | Uint8Array> {
  readonly name: string
  /** Of a file that holds it, without the dot. A name in two parts, such as `chrome.json`, tells formats of one kind apart. */
  readonly extension: string
  readonly render: (analysis: Analysis, options?: ReportOptions) => Output
  /** For a format that holds more than an analysis does: used instead of `render` where the trace is at hand. */
  readonly renderTrace?: (trace: Trace, analysis: Analysis, options?: ReportOptions) => Output
  /** The same text in pieces, for a format of which the whole of a long run is more than one text can hold (512 MB). */
  readonly renderPieces?: (trace: Trace, analysis: Analysis, options?: ReportOptions) => Iterable<string>
}
