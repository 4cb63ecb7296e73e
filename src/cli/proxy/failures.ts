import { fields, text } from '../../../adapters/shared/json.ts'
import { clip } from '../../record/limits.ts'
import type { Outcome } from '../../model/span.ts'

const MAX_CHARS = 1_024

/** What an HTTP status says, with the reason that the body gives. */
export function httpFailure(status: number, statusMessage: string, body?: unknown): Outcome {
  const said = reasonIn(Array.isArray(body) ? body[0] : body)
  const message = said?.message ?? statusMessage
  return { state: 'failed', type: said?.type ?? `HTTP ${status}`, message: clip(`${status} ${message}`.trim(), MAX_CHARS) }
}

/** A failure that is told inside of a stream. */
export function failureIn(event: unknown): Outcome | undefined {
  const said = fields(event)
  if (said?.['type'] !== 'error' && fields(said?.['error']) === undefined) return undefined
  const { type = 'error', message = 'the stream tells of an error' } = reasonIn(event) ?? {}
  return { state: 'failed', type, message: clip(message, MAX_CHARS) }
}

/** The provider was not reached, or cut its answer. */
export function reachFailure(error: Error): Outcome {
  const { code } = error as NodeJS.ErrnoException
  return { state: 'failed', type: code ?? error.name, message: clip(error.message, MAX_CHARS) }
}

/** OpenAI, Anthropic, Google and their likes put it under `error`; others tell it at the top. */
function reasonIn(value: unknown): { readonly type?: string; readonly message?: string } | undefined {
  const said = fields(value)
  const error = fields(said?.['error']) ?? said
  const message = text(error?.['message']) ?? text(said?.['error']) ?? text(said?.['detail'])
  const type = [error?.['type'], error?.['code'], error?.['status']].find((one) => typeof one === 'string' && one !== 'error')
  return said === undefined ? undefined : { ...(typeof type === 'string' && { type: clip(type, 200) }), ...(message !== undefined && { message }) }
}
