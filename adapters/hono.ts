import { define } from '../src/kit.ts'
import type { HonoContext, HonoMiddleware } from './hono/shapes.ts'
import { answerOf, profileWeb, responseOf } from './hono/web.ts'
import type { IncomingMessage, ServerResponse } from './shared/http/message.ts'
import { ANSWERED, NodeHttp, type Entered } from './shared/http/node.ts'
import type { HttpOptions } from './shared/http/options.ts'
import type { HeaderOf } from './shared/http/service.ts'
import { withoutProfile } from './shared/http/target.ts'

/**
 * A middleware for Hono 4. What stands before it is not part of the runs, so it comes first:
 *
 *     app.use(profileHono())
 *
 * With `@hono/node-server` the response itself is watched, as in the other frameworks; elsewhere the `Response` is.
 *
 * @throws {TypeError} when an option is of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function profileHono<Context extends HonoContext = HonoContext>(options: HttpOptions<Context> = {}): HonoMiddleware<Context> {
  const http = new NodeHttp<Context>(options, { target: ({ req }) => req.url, route, retarget })
  const { service } = http
  if (!service.isEnabled) return (_context, next) => next()
  return (context, next) => {
    const node = nodeOf(context)
    const { raw, method, url } = context.req
    if (!service.isFirst(node?.incoming ?? raw)) return next()
    const header: HeaderOf = node === undefined ? (name) => raw.headers.get(name) : (name) => node.incoming.headers[name]
    const wish = service.wish(method, url, header)
    if (wish?.kind === 'original') return Promise.resolve(responseOf(service.originals.get(wish.id)))
    if (wish?.kind === 'collect') return service.collect(wish.id).then(answerOf)
    if (node === undefined) return profileWeb(service, context, next, wish, { header, route, retarget })
    const go = async (entered: Entered): Promise<void> => {
      if (entered === undefined || entered === ANSWERED) return next()
      try {
        await entered.within(next)
      } catch (error) {
        entered.failed(error)
        throw error
      }
      if (context.error !== undefined) entered.failed(context.error)
    }
    const entered = http.fulfil(wish, node.incoming, node.outgoing, context)
    if (entered === undefined) return next()
    return entered instanceof Promise ? entered.then(go) : go(entered)
  }
}

interface NodeBindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

function nodeOf({ env }: HonoContext): NodeBindings | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodeBindings>
  return typeof incoming?.on === 'function' && typeof outgoing?.on === 'function' ? { incoming, outgoing } : undefined
}

/** That of the handler that came last. A path for whatever is below it is a middleware's. */
function route({ req }: HonoContext): string | undefined {
  const path: unknown = req.routePath
  return typeof path === 'string' && !path.endsWith('*') ? path : undefined
}

/** Everything that Hono tells of the query it reads from there. */
function retarget({ req }: HonoContext): void {
  define(req.raw, 'url', withoutProfile(req.url))
}

export type { HonoContext, HonoMiddleware, HttpOptions }
