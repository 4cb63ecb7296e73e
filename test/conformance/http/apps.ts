import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import fastify, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'
import { Hono, type Context } from 'hono'
import { profileExpress } from 'spanwise/express'
import { profileFastify } from 'spanwise/fastify'
import { profileHono } from 'spanwise/hono'
import { profileHttp, type HttpOptions } from 'spanwise/http'

/** What a handler says, whichever framework it stands in. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Texts one after the other are a stream. */
  readonly body?: string | Buffer | AsyncIterable<string>
}

export interface Asked {
  /** As the application sees it, with the query. */
  readonly url: string
  readonly query: Readonly<Record<string, unknown>>
  readonly params: Readonly<Record<string, string>>
  readonly body: string
  /** Called when the client has gone. */
  onGone(listener: () => void): void
}

export type Handler = (asked: Asked) => Reply | Promise<Reply>
/** `GET /users/:id`. What begins with `POST` reads its body first. */
export type Routes = Readonly<Record<string, Handler>>

export interface App {
  readonly server: Server
  close?(): Promise<void>
}

type Options = HttpOptions<unknown>

/** A framework, with the middleware as its first one; without options it is not there. */
export interface Framework {
  readonly name: string
  /** Whether the pattern of a route is in the name of its run. */
  readonly knowsRoutes: boolean
  /** Whether the response goes through Node's, so that its bytes can be held to be the same. */
  readonly isExact: boolean
  app(routes: Routes, options: Options | undefined): Promise<App>
}

const split = (route: string): readonly [method: string, path: string] => route.split(' ') as [string, string]
const queryOf = (url: string): Record<string, string> => Object.fromEntries(new URL(url, 'http://host').searchParams)


/** By events, in the context of whoever emits them. */
function textByEvents(request: IncomingMessage): { then(done: (text: string) => void): void } {
  return {
    then(done) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => done(Buffer.concat(chunks).toString()))
    },
  }
}

const gone = (response: ServerResponse) => (listener: () => void): void => {
  response.on('close', () => {
    if (!response.writableFinished) listener()
  })
}

const isStream = (body: Reply['body']): body is AsyncIterable<string> => typeof body === 'object' && !Buffer.isBuffer(body)

// ------------------------------------------------------------------------------------------------------------ node:http

async function writeReply(response: ServerResponse, { status = 200, headers = {}, body }: Reply): Promise<void> {
  response.writeHead(status, headers as Record<string, string>)
  if (!isStream(body)) return void response.end(body)
  for await (const text of body) response.write(text)
  response.end()
}

function matching(routes: Routes, method: string, path: string): { readonly handler: Handler; readonly params: Record<string, string> } | undefined {
  for (const [route, handler] of Object.entries(routes)) {
    const [wanted, pattern] = split(route)
    if (wanted !== method && !(wanted === 'GET' && method === 'HEAD')) continue
    const found = new RegExp(`^${pattern.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`).exec(path)
    if (found !== null) return { handler, params: { ...found.groups } }
  }
  return undefined
}

const nodeHttp: Framework = {
  name: 'node:http', knowsRoutes: false, isExact: true,
  async app(routes, options) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      const url = request.url ?? '/'
      const found = matching(routes, request.method ?? 'GET', url.split('?')[0]!)
      if (found === undefined) return void response.writeHead(404).end()
      const answer = async (body: string): Promise<void> => {
        try {
          await writeReply(response, await found.handler({ url, query: queryOf(url), params: found.params, body, onGone: gone(response) }))
        } catch (error) {
          if (!response.headersSent) response.writeHead(500).end(String(error))
          else response.destroy()
        }
      }
      if (request.method === 'POST') textByEvents(request).then((body) => void answer(body))
      else void answer('')
    }
    return { server: createServer(options === undefined ? listener : profileHttp(listener, options)) }
  },
}

// -------------------------------------------------------------------------------------------------------------- Express

/** Express has no types of its own. */
interface ExpressApp extends Readonly<Record<'get' | 'post', (path: string, handler: (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => void) => void>> {
  (request: IncomingMessage, response: ServerResponse): void
  use(handler: unknown): void
}
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string
  readonly query: Record<string, unknown>
  readonly params: Record<string, string>
  readonly body?: unknown
}
interface ExpressResponse extends ServerResponse {
  status(status: number): ExpressResponse
  set(headers: object): ExpressResponse
  send(body?: string | Buffer): void
}
type Express = { (): ExpressApp; text(options: object): unknown }

const require = createRequire(import.meta.url)

const express = (name: string, make: Express): Framework => ({
  name, knowsRoutes: true, isExact: true,
  async app(routes, options) {
    const app = make()
    if (options !== undefined) app.use(profileExpress(options))
    app.use(make.text({ type: () => true }))
    for (const [route, handler] of Object.entries(routes)) {
      const [method, path] = split(route)
      app[method.toLowerCase() as 'get' | 'post'](path, (request, response, next) => {
        const answer = async (): Promise<void> => {
          const { originalUrl: url, query, params, body } = request
          const reply = await handler({ url, query, params, body: typeof body === 'string' ? body : '', onGone: gone(response) })
          response.status(reply.status ?? 200).set(reply.headers ?? {})
          if (!isStream(reply.body)) return response.send(reply.body)
          Readable.from(reply.body).on('error', () => response.destroy()).pipe(response)
        }
        answer().catch(next)
      })
    }
    app.use((_error: unknown, _request: unknown, response: ExpressResponse, _next: unknown) => response.status(500).send('it broke'))
    return { server: createServer(app) }
  },
})

// -------------------------------------------------------------------------------------------------------------- Fastify

const onFastify = (name: string, make: () => FastifyInstance): Framework => ({
  name, knowsRoutes: true, isExact: true,
  async app(routes, options) {
    const app = make()
    if (options !== undefined) await app.register(profileFastify, options)
    for (const [route, handler] of Object.entries(routes)) {
      const [method, url] = split(route)
      app.route({
        method: method as 'GET' | 'POST', url,
        async handler(request, reply) {
          const answer = await handler({
            url: request.originalUrl, query: request.query as Record<string, string>, params: request.params as Record<string, string>,
            body: typeof request.body === 'string' ? request.body : '', onGone: gone(reply.raw),
          })
          reply.code(answer.status ?? 200).headers(answer.headers ?? {})
          return reply.send(isStream(answer.body) ? Readable.from(answer.body, { objectMode: false }) : answer.body)
        },
      })
    }
    await app.ready()
    return { server: app.server, close: () => app.close() }
  },
})

// ----------------------------------------------------------------------------------------------------------------- Hono

/** @param hasBindings without them it does not see the response of Node's, as in other runtimes */
const hono = (name: string, hasBindings: boolean): Framework => ({
  name, knowsRoutes: true, isExact: false,
  async app(routes, options) {
    const app = new Hono()
    if (options !== undefined) app.use(profileHono(options))
    for (const [route, handler] of Object.entries(routes)) {
      const [method, path] = split(route)
      app.on(method, path, async (context) => {
        const { req } = context
        const { pathname, search } = new URL(req.url)
        const asked: Asked = {
          url: pathname + search, query: req.query(), params: req.param(), body: method === 'POST' ? await req.text() : '',
          onGone: (listener) => (hasBindings ? gone((context.env as { outgoing: ServerResponse }).outgoing)(listener) : req.raw.signal.addEventListener('abort', listener)),
        }
        return honoReply(context, await handler(asked))
      })
    }
    app.onError((_error, context) => context.text('it broke', 500))
    return { server: createAdaptorServer(hasBindings ? app : { fetch: (request) => app.fetch(request) }) as Server }
  },
})

function honoReply(context: Context, { status = 200, headers = {}, body }: Reply): Response {
  const given = new Headers()
  for (const [header, value] of Object.entries(headers)) for (const one of [value].flat()) given.append(header, one)
  if (!isStream(body)) return new Response((body as string | undefined) ?? null, { status, headers: given })
  // As Hono's own streams say it.
  given.set('transfer-encoding', 'chunked')
  return new Response(Readable.toWeb(Readable.from(body, { objectMode: false })) as unknown as ReadableStream, { status, headers: given })
}

export const frameworks = {
  http: [nodeHttp],
  express: [express('express 5', require('express') as Express), express('express 4', require('express-4') as Express)],
  fastify: [onFastify('fastify 5', () => fastify()), onFastify('fastify 4', () => fastify4() as unknown as FastifyInstance)],
  hono: [hono('hono', true), hono('hono without bindings', false)],
} as const

