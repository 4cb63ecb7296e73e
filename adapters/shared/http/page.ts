import { STATUS_CODES } from 'node:http'
import type { SummaryOptions } from '../../../src/run-log.ts'
import type { Trace } from '../../../src/model/span.ts'
import type { Collected } from './service.ts'
import { COLLECTED_TYPE, collectedBody } from './spans-header.ts'

/** On all that we answer ourselves: nobody keeps it, no other page may show it or read it. The page's own policy stands in it. */
const OWN_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Where the response is that the report stands in place of; the page links to it too. */
const ORIGINAL_HEADER = 'spanwise-original'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Reported extends SummaryOptions {
  readonly method: string
  readonly status: number
  /** Of the response's body. */
  readonly bytes: number
  /** A relative reference; absent when the response was too large to be kept. */
  readonly original: string | undefined
}

/** The report of a request, with the way to what it was answered. */
export async function reportAnswer(trace: Trace, { method, status, bytes, original, prices }: Reported): Promise<Answer> {
  const { htmlReport } = await import('../../../viewer/html.ts')
  const said = `This request was answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
  const notice = original === undefined
    ? { text: `${said}; its response of ${bytes} bytes was too large to be kept.` }
    : { text: `${said}.`, link: { text: method === 'GET' ? 'The response itself' : `The response to ${method} itself`, href: original } }
  return {
    status: 200,
    headers: { ...OWN_HEADERS, 'content-type': 'text/html; charset=utf-8', ...(original !== undefined && { [ORIGINAL_HEADER]: original }) },
    body: htmlReport(trace, { prices, notice }),
  }
}

export const plainAnswer = (status: number, text: string): Answer =>
  ({ status, headers: { ...OWN_HEADERS, 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` })

/** What a caller gets who comes for the spans of his request. */
export function collectedAnswer(collected: Collected): Answer {
  if (collected.status === 200) return { status: 200, headers: { ...OWN_HEADERS, 'content-type': COLLECTED_TYPE }, body: collectedBody(collected.trace) }
  return plainAnswer(collected.status, collected.status === 404 ? 'These spans are not kept any more.' : 'The run still goes on.')
}

export const GONE: Answer = plainAnswer(404, 'This response is not kept any more.')
