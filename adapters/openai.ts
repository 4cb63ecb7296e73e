import type { WrapOptions } from './shared/endpoint.ts'
import { providerAt } from './shared/provider.ts'
import { watchClass } from './shared/sdk-class.ts'
import { unwrapClient, wrapClient, type SdkAdapter } from './shared/sdk-client.ts'
import { openaiEndpoints } from './openai/endpoints.ts'
import { otherEndpoint } from './openai/others.ts'

/** Azure's and Bedrock's clients have members that the others have not, also behind a gateway's address. */
function providerOf(client: object): string {
  if ('deploymentName' in client) return 'azure.ai.openai'
  if ('bedrockTokenProvider' in client) return 'aws.bedrock'
  return providerAt((client as { readonly baseURL?: unknown }).baseURL) ?? 'openai'
}

/**
 * Recording for the `openai` package (5, 6 and 7), its subclasses, and clients of OpenAI-compatible services.
 * Supported: chat completions, responses, embeddings and legacy completions, with all helpers that end there (`parse`,
 * `stream`, `runTools`), and raw `client.post`. Not seen: realtime and websockets.
 */
const adapter: SdkAdapter = { name: 'wrapOpenAI', endpoints: openaiEndpoints, members: ['chat', 'responses', 'embeddings'], other: otherEndpoint, providerOf }

/**
 * Records what `client` does, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no client
 */
export function wrapOpenAI<T extends object>(client: T, options?: WrapOptions): T {
  return wrapClient(adapter, client, options)
}

/** Takes the recording off `client` again and gives it back as it was. Clients that it derived meanwhile stay recorded. */
export function unwrapOpenAI<T extends object>(client: T): T {
  return unwrapClient(client)
}

/**
 * Records all clients of a class at once. Gives back the way to stop.
 * @internal for spanwise/register, which gives it `OpenAI`
 */
export function watchOpenAI(Class: unknown, options?: WrapOptions): () => void {
  return watchClass(adapter, Class, options)
}

export type { WrapOptions }
