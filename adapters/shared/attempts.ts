import type { LlmCall } from '../../src/kit.ts'
import { fields } from './json.ts'

/**
 * The requests of a call, noted where the client sends them. A call finds its requests without an async context (which
 * would cost every promise of the process, on Node 20): it goes along in the request's own `fetchOptions`, which the SDKs
 * spread into what they give to `fetch`, anew for each attempt. Bodies are never looked at.
 */
const CALL = Symbol('spanwise.call')

interface Carrying extends RequestInit {
  [CALL]?: LlmCall
}

/** The options of a request, with the call that it belongs to. */
export const carrying = (options: unknown, call: LlmCall): unknown => {
  const known = fields(options)
  return { ...known, fetchOptions: { ...fields(known?.['fetchOptions']), [CALL]: call } }
}

const watched = new WeakSet<object>()

/** A client's `fetch` that notes the attempts of calls; the one below never sees what they carried. */
export function watchAttempts(original: typeof fetch): typeof fetch {
  // A derived client takes over the fetch of the one it comes from.
  if (watched.has(original)) return original
  const watching = function (this: unknown, url: Parameters<typeof fetch>[0], init?: Carrying): Promise<Response> {
    const { [CALL]: call, ...sent } = init ?? {}
    if (call === undefined) return original.call(this, url, init)
    return noteAttempt(call, () => original.call(this, url, sent))
  }
  watched.add(watching)
  return watching as typeof fetch
}

/** Sends one request of a call, and notes when and how it was answered. */
export function noteAttempt(call: LlmCall, send: () => Promise<Response>): Promise<Response> {
  const attempt = call.attempt()
  let result: Promise<Response>
  try {
    result = send()
  } catch (error) {
    attempt?.failed(error)
    throw error
  }
  if (attempt === undefined || !(result instanceof Promise)) return result
  return result.then(
    (response) => {
      attempt.responded(response.status)
      return response
    },
    (error: unknown) => {
      attempt.failed(error)
      throw error
    },
  )
}

let underWay: LlmCall | undefined

/** Calls a method of a client. Requests that it makes before it returns find their call by `callUnderWay()`. */
export function whileCalling<T>(call: LlmCall, method: () => T): T {
  const before = underWay
  underWay = call
  try {
    return method()
  } finally {
    underWay = before
  }
}

/** The call whose method is running right here, for clients that carry nothing of ours down to their requests. */
export const callUnderWay = (): LlmCall | undefined => underWay
