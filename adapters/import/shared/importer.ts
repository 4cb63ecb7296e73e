import type { Trace } from '../../../src/model/span.ts'

/** What an importer recognises a format by. File names are not part of it. */
export interface Sample {
  /** The first 64 kB. */
  readonly text: string
  /** The parsed whole, or else the parsed first line; undefined when neither is JSON. */
  readonly json: unknown
}

/** A file to read. The name is used for messages and for runs that have no name, never to recognise a format. */
export interface Source {
  readonly name: string
  readonly text: string
}

export interface ImportProblem {
  /** From 1, where the format has lines. */
  readonly line?: number
  readonly message: string
  /** Something to know about the file, of which nothing was misread: it is told and is no failure. */
  readonly severity?: 'note'
  /** The name of the source that it is about, where that is known. */
  readonly source?: string
}

export interface ImportResult {
  readonly traces: readonly Trace[]
  readonly problems: readonly ImportProblem[]
}

/** A way in. Bad input is reported in `problems`; `detect` and `read` never throw. */
export interface Importer {
  /** The format's short name, as a user types it: `otlp`. */
  readonly name: string
  /** The format's name in a sentence: `OTLP JSON`. */
  readonly title: string
  detect(sample: Sample): boolean
  read(source: Source): ImportResult
  /** For formats that spread one run over several files. Their order does not matter. */
  readAll?(sources: readonly Source[]): ImportResult
}
