import { show } from '../src/kit.ts'
import type { IncomingMessage, ServerResponse } from './shared/http/message.ts'
import { ANSWERED, NodeHttp, type Entered } from './shared/http/node.ts'
import type { HttpOptions } from './shared/http/options.ts'

/** Profiles what a server of `node:http` or `node:https` is asked: a sample in the background, and what `?profile=1` asks for. */
export type Listener<Request, Response> = (request: Request, response: Response) => unknown

/**
 * Gives back a listener that does what `listener` does; `listener` itself when profiling is off.
 *
 *     createServer(profileHttp(listener)).listen(8080)
 *
 * @throws {TypeError} when `listener` is no function, or an option is of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function profileHttp<Request extends IncomingMessage, Response extends ServerResponse>(
  listener: Listener<Request, Response>, options: HttpOptions<Request> = {},
): Listener<Request, Response> {
  if (typeof listener !== 'function') throw new TypeError(`profileHttp(listener): listener must be a function, got ${show(listener)}`)
  const http = new NodeHttp<Request>(options)
  if (!http.service.isEnabled) return listener
  return function (this: unknown, request, response) {
    const handle = (entered: Entered): unknown => {
      if (entered === ANSWERED) return undefined
      const call = (): unknown => Reflect.apply(listener, this, [request, response])
      return entered === undefined ? call() : watched(entered, call)
    }
    const entered = http.enter(request, response, request)
    return entered instanceof Promise ? entered.then(handle) : handle(entered)
  }
}

/** What it throws, or rejects with, goes on as it would: nobody handles it who would not have. */
function watched(entered: Exclude<Entered, typeof ANSWERED | undefined>, call: () => unknown): unknown {
  let result: unknown
  try {
    result = entered.within(call)
  } catch (error) {
    entered.failed(error)
    throw error
  }
  if (!(result instanceof Promise)) return result
  return result.catch((error: unknown) => {
    entered.failed(error)
    throw error
  })
}

export type { HttpOptions }
