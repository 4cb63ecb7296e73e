import { anthropicEndpoints } from '../../../adapters/anthropic/endpoints.ts'
import { googleEndpointOf } from '../../../adapters/google-genai/endpoints.ts'
import { ollamaEndpoints } from '../../../adapters/ollama/endpoints.ts'
import { openaiEndpoints } from '../../../adapters/openai/endpoints.ts'
import { otherEndpoint } from '../../../adapters/openai/others.ts'
import type { Endpoint } from '../../../adapters/shared/endpoint.ts'

/** What a POST asks for. */
export interface AskedEndpoint {
  readonly endpoint: Endpoint
  /** Where the path names it, and not the body. */
  readonly model?: string
}

/** Gateways put what they like before it. */
const endpoints: readonly Endpoint[] = [...anthropicEndpoints, ...openaiEndpoints]

/** They count what a request would take, and call no model. */
const COUNTS = /(count_?tokens|\/input_tokens|\/tokenize)$/i

/**
 * By the path, as it is sent to the provider; paths that none of the tables knows, by what the body says.
 * @returns undefined when no model is called
 */
export function endpointOf(path: string, body: unknown): AskedEndpoint | undefined {
  const route = path.split('?', 1)[0]!.replace(/\/+$/, '')
  if (COUNTS.test(route)) return undefined
  const google = googleEndpointOf(route)
  if (google !== undefined) return google
  const endpoint = ollamaEndpoints.find((one) => one.route === route) ?? endpoints.find((one) => route.endsWith(one.route)) ?? otherEndpoint(belowVersion(route), body)
  return endpoint && { endpoint }
}

/** `/api/v1/images/edits` is what clients call `/images/edits`. */
const belowVersion = (route: string): string => route.replace(/^.*\/v\d\w*(?=\/)/, '')
