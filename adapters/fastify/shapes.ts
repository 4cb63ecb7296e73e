import type { IncomingMessage, ServerResponse } from '../shared/http/message.ts'

/**
 * What is used of Fastify's request, and what a guard mostly asks it for. Declared here, so that the declarations of the package hold
 * without Fastify; a guard that needs more of it says so: `(request: FastifyRequest) => …`.
 */
export interface FastifyAsked {
  readonly raw: IncomingMessage
  readonly headers: IncomingMessage['headers']
  readonly query: unknown
  readonly params: unknown
  readonly url: string
  readonly method: string
  readonly ip: string
  readonly is404: boolean
  readonly routeOptions?: { readonly url?: string | undefined }
}

export interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** Of an application, or of what a plugin gets of one. Its hooks get its own requests and replies. */
export interface FastifyHooks {
  addHook(name: 'onRequest', hook: (request: never, reply: never, next: () => void) => void): unknown
  addHook(name: 'onError', hook: (request: never, reply: never, error: never, next: () => void) => void): unknown
}
