import type { Analysis } from '../../src/model/analysis.ts'

export interface ReportOptions {
  /** Columns of the terminal; default 80, at least 40. */
  readonly width?: number
  /** Colour by SGR sequences. The caller decides, from the terminal and `NO_COLOR`; default false. */
  readonly color?: boolean
  /** Only ASCII characters, for terminals and logs that show no others. */
  readonly ascii?: boolean
  /** Rows of the flame chart; default 30. */
  readonly maxRows?: number
}

/** A way out for an analysis: a function of its input, without clock, file or process. */
export interface Report {
  readonly name: string
  /** Of a file that holds it, without the dot. */
  readonly extension: string
  readonly render: (analysis: Analysis, options?: ReportOptions) => string
}
