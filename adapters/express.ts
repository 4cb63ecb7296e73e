import type { IncomingMessage, ServerResponse } from './shared/http/message.ts'
import { ANSWERED, NodeHttp, type Entered } from './shared/http/node.ts'
import type { HttpOptions } from './shared/http/options.ts'
import { pathOf, withoutProfileValues } from './shared/http/target.ts'

/** What of Express's request is needed, in versions 4 and 5. */
interface ExpressRequest extends IncomingMessage {
  originalUrl?: string
  baseUrl?: string
  route?: { readonly path?: unknown }
  query?: unknown
}

export type ExpressMiddleware<Request, Response> = (request: Request, response: Response, next: (error?: unknown) => void) => void

/**
 * A middleware for Express 4 and 5. What stands before it is not part of the runs, so it comes first:
 *
 *     app.use(profileExpress())
 *
 * @throws {TypeError} when an option is of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function profileExpress<Request extends ExpressRequest = ExpressRequest, Response extends ServerResponse = ServerResponse>(
  options: HttpOptions<Request> = {},
): ExpressMiddleware<Request, Response> {
  const http = new NodeHttp<Request>(options, { target: ({ originalUrl }) => originalUrl, route, retarget })
  if (!http.service.isEnabled) return (_request, _response, next) => next()
  return (request, response, next) => {
    const go = (entered: Entered): void => {
      if (entered === undefined) next()
      else if (entered !== ANSWERED) entered.within(next)
    }
    const entered = http.enter(request, response, request)
    if (entered instanceof Promise) void entered.then(go)
    else go(entered)
  }
}

/** Known once a route has been found. A router below a path with parameters tells that path as it was asked. */
function route({ baseUrl = '', route }: ExpressRequest): string | undefined {
  const path = route?.path
  return typeof path === 'string' ? pathOf(`${baseUrl}${path === '/' && baseUrl !== '' ? '' : path}`) : undefined
}

function retarget(request: ExpressRequest, target: string): void {
  if (request.originalUrl !== undefined) request.originalUrl = target
  // Express 4 has parsed it; Express 5 does so when it is asked.
  const query = Object.getOwnPropertyDescriptor(request, 'query')?.value as Record<string, unknown> | undefined
  if (typeof query !== 'object' || query === null) return
  const kept = withoutProfileValues(query['profile'])
  if (kept === undefined) delete query['profile']
  else query['profile'] = kept
}

export type { HttpOptions }
