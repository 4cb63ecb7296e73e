import { callUnderWay, noteAttempt } from './shared/attempts.ts'
import type { WrapOptions } from './shared/endpoint.ts'
import { unwrapClient, wrapClient, type More, type SdkAdapter } from './shared/sdk-client.ts'
import { ollamaEndpoints } from './ollama/endpoints.ts'

/**
 * Recording for `ollama` (0.6): clients of one's own, the package's default instance, and the browser build.
 * Supported: `chat`, `generate`, `embed`, `embeddings` and `systemone`. Not recorded: pulling, creating and listing of models,
 * and the searches of ollama.com.
 */
const adapter: SdkAdapter = { name: 'wrapOllama', endpoints: ollamaEndpoints, providerOf: () => 'ollama', watchMore: watchRequests }

/**
 * Records what `client` does, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no client
 */
export function wrapOllama<T extends object>(client: T, options?: WrapOptions): T {
  return wrapClient(adapter, client, options)
}

/** Takes the recording off `client` again and gives it back as it was. */
export function unwrapOllama<T extends object>(client: T): T {
  return unwrapClient(client)
}

/** Its methods send before they return, unless there are images to encode; then the request stays unseen. */
function watchRequests(client: object, { patches }: More): void {
  const { fetch: original } = client as { readonly fetch?: typeof fetch }
  if (typeof original !== 'function') return
  patches.set(client, 'fetch', function (this: unknown, ...args: Parameters<typeof fetch>): Promise<Response> {
    const call = callUnderWay()
    const send = (): Promise<Response> => original.apply(this, args)
    return call === undefined ? send() : noteAttempt(call, send)
  })
}

export type { WrapOptions }
