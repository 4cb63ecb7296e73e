import type { Category, LlmCall, Profiler, StreamReader } from '../../src/kit.ts'
import type { Fields } from './json.ts'

/** Endpoints are data: one row says where a call goes and how what it sends and gives is read. */
export interface Endpoint {
  /** The path that the client posts to. */
  readonly route: string
  /** Where its method stands on the client, for look-alikes without `post`. */
  readonly method: string
  readonly api: string
  readonly operation: string
  readonly category: Category
  readonly readRequest: (call: LlmCall, body: Fields) => void
  readonly readAnswer: (call: LlmCall, answer: unknown) => void
  readonly readStream: (call: LlmCall) => EventReader
  /** The body that also asks for usage in the stream; undefined when it need not or cannot. */
  readonly askForUsage?: (body: Fields) => Fields | undefined
}

export interface EventReader extends StreamReader {
  /** True once the provider said that the answer is whole. */
  readonly complete: boolean
}

export interface WrapOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** OpenTelemetry's provider name, where the client's address does not tell it. */
  readonly provider?: string
  /** Asks the provider for usage in streams that would come without (OpenAI chat); the extra event is not shown. */
  readonly includeUsage?: boolean
}
