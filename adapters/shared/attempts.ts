import { beginAttempt } from '../../src/kit.ts'

const watched = new WeakSet<object>()

/** A client's `fetch`, with each request of a call of a model noted as an attempt. Bodies are never looked at. */
export function watchAttempts(original: typeof fetch): typeof fetch {
  // A derived client takes over the fetch of the one it comes from.
  if (watched.has(original)) return original
  const watching = function (this: unknown, url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
    const attempt = isAttempt(init) ? beginAttempt() : undefined
    let result: Promise<Response>
    try {
      result = original.call(this, url, init)
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
  watched.add(watching)
  return watching as typeof fetch
}

/** Requests for credentials pass through the same function; only those of the API carry the SDKs' own header. */
function isAttempt(init: RequestInit | undefined): boolean {
  const headers = init?.headers
  return !(headers instanceof Headers) || headers.has('x-stainless-retry-count') || headers.has('x-stainless-lang')
}
