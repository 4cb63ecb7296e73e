import type { FastifyAsked, FastifyHooks, FastifyReply } from './fastify/shapes.ts'
import { ANSWERED, NodeHttp, type Entered, type Recorded } from './shared/http/node.ts'
import type { HttpOptions } from './shared/http/options.ts'
import { withoutProfileValues } from './shared/http/target.ts'

/**
 * A plugin for Fastify 4 and 5. What was registered before it is not part of the runs, so it comes first:
 *
 *     await app.register(profileFastify)
 *
 * @param done Fastify's: called with a `TypeError` or `RangeError` when an option is of the wrong shape or out of its range
 */
export function profileFastify(app: FastifyHooks, options: HttpOptions<FastifyAsked>, done: (error?: Error) => void): void {
  try {
    const http = new NodeHttp<FastifyAsked>(options, { target, route, retarget })
    if (http.service.isEnabled) addHooks(app, http)
  } catch (error) {
    return done(error as Error)
  }
  done()
}

/** Its hooks are for the whole application and not for what is registered inside of it. */
Object.assign(profileFastify, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'spanwise' })

function addHooks(app: FastifyHooks, http: NodeHttp<FastifyAsked>): void {
  const recording = new WeakMap<FastifyAsked, Recorded>()
  app.addHook('onRequest', (request: FastifyAsked, reply: FastifyReply, next: () => void) => {
    const go = (entered: Entered): void => {
      if (entered === undefined) return next()
      if (entered === ANSWERED) return void reply.hijack()
      recording.set(request, entered)
      entered.within(next)
    }
    const entered = http.enter(request.raw, reply.raw, request)
    if (entered instanceof Promise) void entered.then(go)
    else go(entered)
  })
  app.addHook('onError', (request: FastifyAsked, _reply: FastifyReply, error: Error, next: () => void) => {
    recording.get(request)?.failed(error)
    next()
  })
}

/** Its own `originalUrl` stays what it was when it was first read. */
const target = ({ raw }: FastifyAsked): string | undefined => (raw as { originalUrl?: string }).originalUrl ?? raw.url

/** Absent where no route was found. */
const route = ({ routeOptions, is404 }: FastifyAsked): string | undefined => (is404 ? undefined : routeOptions?.url)

/** Its `url` follows the raw request; the query was parsed already. */
function retarget({ raw, query }: FastifyAsked, target: string): void {
  const known = raw as { originalUrl?: string }
  if (known.originalUrl !== undefined) known.originalUrl = target
  if (typeof query !== 'object' || query === null) return
  const values = query as Record<string, unknown>
  const kept = withoutProfileValues(values['profile'])
  if (kept === undefined) delete values['profile']
  else values['profile'] = kept
}

export type { FastifyAsked, FastifyHooks, HttpOptions }
