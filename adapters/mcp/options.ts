import type { Profiler } from '../../src/kit.ts'

interface McpOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
}

export interface McpClientOptions extends McpOptions {
  /** The server's name, where it should not be the one that it gives itself. */
  readonly server?: string
  /** Whether the server is asked for its own spans. Default true: one that does not know of it ignores it. */
  readonly spans?: boolean
}

export interface McpServerOptions extends McpOptions {
  /**
   * Whether callers get the spans of their requests. Default: those on the same machine do (stdio, in memory), those over HTTP do not.
   * A function decides for each request.
   */
  readonly spans?: boolean | ((request: { readonly method: string; readonly params: unknown; readonly sessionId: string | undefined }) => boolean)
}
