import type { Outcome } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'

/** How a turn came out. What was said of it may hold anything, so only what the program's own codes tell is taken over. */
export function outcomeOfResult(said: Fields): Outcome {
  const { subtype, is_error: isError, api_error_status: status } = said
  const reason = text(said['terminal_reason'])
  if (reason?.startsWith('aborted') === true) return { state: 'cancelled' }
  if (isError !== true && subtype === 'success') return { state: 'ok' }
  const type = subtype === 'success' ? 'ApiError' : text(subtype) ?? 'error'
  const message = typeof status === 'number' ? `the API answered ${status}` : reason ?? (type === 'ApiError' ? 'the API gave an error' : type)
  return { state: 'failed', type, message }
}

/** How something that ran in the background came out. */
export function outcomeOfTask({ status }: Fields): Outcome {
  if (status === 'stopped') return { state: 'cancelled' }
  return status === 'failed' ? { state: 'failed', type: 'TaskError', message: 'the task failed' } : { state: 'ok' }
}

/** What a result counts. Its usage is that of the main conversation alone. */
export function factsOf(said: Fields): Record<string, unknown> {
  const usage = fields(said['usage'])
  const reason = text(said['terminal_reason'])
  return {
    'claude_code.num_turns': said['num_turns'],
    'claude_code.duration_ms': said['duration_ms'],
    'claude_code.duration_api_ms': said['duration_api_ms'],
    'claude_code.input_tokens': usage?.['input_tokens'],
    'claude_code.cache_read_input_tokens': usage?.['cache_read_input_tokens'],
    'claude_code.cache_creation_input_tokens': usage?.['cache_creation_input_tokens'],
    'claude_code.output_tokens': usage?.['output_tokens'],
    'claude_code.permission_denials': list(said['permission_denials']).length,
    ...(reason !== undefined && { 'claude_code.terminal_reason': reason }),
  }
}
