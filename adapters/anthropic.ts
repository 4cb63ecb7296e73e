import type { WrapOptions } from './shared/endpoint.ts'
import { providerAt } from './shared/provider.ts'
import { watchClass } from './shared/sdk-class.ts'
import { unwrapClient, wrapClient, type SdkAdapter } from './shared/sdk-client.ts'
import { anthropicEndpoints } from './anthropic/endpoints.ts'

/** The clients of the clouds have members that Anthropic's own has not, also behind a gateway's address. */
function providerOf(client: object): string {
  // Anthropic's own API, which AWS bills: its client is for a workspace.
  if ('awsRegion' in client) return 'workspaceId' in client ? 'anthropic' : 'aws.bedrock'
  if ('projectId' in client && 'region' in client) return 'gcp.vertex_ai'
  if ('resource' in client) return 'azure.ai.inference'
  return providerAt((client as { readonly baseURL?: unknown }).baseURL) ?? 'anthropic'
}

/**
 * Recording for `@anthropic-ai/sdk` (0.60 and later, 1.x) and its Bedrock and Vertex clients.
 * Supported: messages and beta messages with all helpers that end there (`parse`, `stream`, `toolRunner`), and legacy text
 * completions (whose API tells no usage). The SDK's own
 * OpenTelemetry spans go on as they are.
 */
const adapter: SdkAdapter = { name: 'wrapAnthropic', endpoints: anthropicEndpoints, members: ['messages'], providerOf }

/**
 * Records what `client` does, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no client
 */
export function wrapAnthropic<T extends object>(client: T, options?: WrapOptions): T {
  return wrapClient(adapter, client, options)
}

/** Takes the recording off `client` again and gives it back as it was. Clients that it derived meanwhile stay recorded. */
export function unwrapAnthropic<T extends object>(client: T): T {
  return unwrapClient(client)
}

/**
 * Records all clients of a class at once. Gives back the way to stop.
 * @internal for spanwise/register, which gives it `BaseAnthropic`
 */
export function watchAnthropic(Class: unknown, options?: WrapOptions): () => void {
  return watchClass(adapter, Class, options)
}

export type { WrapOptions }
