/**
 * What an error is called: the name of its class. Bundlers shorten those (`tn`), which says nothing and differs from build to
 * build. Errors that give themselves a name then have that one; those of the providers' SDKs are told by their members, others by
 * the nearest class above that still has a name.
 * @returns undefined for what has no class
 */
export function errorType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const type = classOf(error)
  const { name } = error as { readonly name?: unknown }
  if (type === undefined || !isShortened(type) || type === name) return type
  if (Object.hasOwn(error, 'name') && typeof name === 'string' && name !== '') return name
  return sdkErrorType(error) ?? nearestType(error)
}

/** Bundlers take up the names of one letter first; a bundle of a hundred thousand names has none of four. */
const isShortened = (name: string): boolean => name.length <= 3

function classOf(value: object): string | undefined {
  const { name } = value.constructor ?? {}
  return name === undefined || name === '' || name === 'Object' ? undefined : name
}

/** The SDKs of OpenAI and Anthropic have one class for each status that they know, of the same names. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'BadRequestError', 401: 'AuthenticationError', 403: 'PermissionDeniedError', 404: 'NotFoundError', 409: 'ConflictError',
  422: 'UnprocessableEntityError', 429: 'RateLimitError',
}
const BY_MESSAGE: Readonly<Record<string, string>> = {
  'Request was aborted.': 'APIUserAbortError', 'Request timed out.': 'APIConnectionTimeoutError', 'Connection error.': 'APIConnectionError',
}

function sdkErrorType(error: object): string | undefined {
  const { _errorName: name } = error.constructor as { readonly _errorName?: unknown }
  if (typeof name === 'string') return name
  if (!('status' in error && 'requestID' in error && 'error' in error)) return undefined
  const { status, message } = error as { readonly status: unknown; readonly message?: unknown }
  if (typeof status !== 'number') return BY_MESSAGE[String(message)] ?? 'APIError'
  return BY_STATUS[status] ?? (status >= 500 ? 'InternalServerError' : 'APIError')
}

function nearestType(error: object): string | undefined {
  let above: unknown = Object.getPrototypeOf(error)
  while (typeof above === 'object' && above !== null) {
    const type = classOf(above)
    if (type !== undefined && !isShortened(type)) return type
    above = Object.getPrototypeOf(above)
  }
  return undefined
}
