import { parseTraceparent, type RemoteParent, type SpanRecord, type Trace } from '../../src/kit.ts'
import { inlineSpans } from '../shared/http/spans-header.ts'
import { readSpansHeader } from '../shared/http/spans-reader.ts'
import { fields, text, type Fields } from '../shared/json.ts'

/**
 * What stands in `_meta` of the requests and results of MCP (specification 2025-06-18, "General fields"): trace context as OpenTelemetry's
 * conventions for MCP put it, and two keys of our own.
 *
 *     request  traceparent          W3C trace context of the caller
 *              spanwise/profile     'spans': the caller would like the server's own spans
 *     result   spanwise/spans       them, as in the header of the same name over HTTP (`adapters/shared/http/spans-header.ts`)
 */
const TRACEPARENT = 'traceparent'
const PROFILE = 'spanwise/profile'
const SPANS = 'spanwise/spans'
const WANTED = 'spans'

/** The parameters of a request with the context of `span`. The ones that were given stay as they are. */
export const askingFor = (params: unknown, traceparent: string, wantsSpans: boolean): Fields => ({
  ...fields(params),
  _meta: { ...fields(fields(params)?.['_meta']), [TRACEPARENT]: traceparent, ...(wantsSpans && { [PROFILE]: WANTED }) },
})

export interface Asked {
  readonly remote: RemoteParent | undefined
  readonly wantsSpans: boolean
}

export function readAsked(params: unknown): Asked {
  const meta = fields(fields(params)?.['_meta'])
  return { remote: parseTraceparent(meta?.[TRACEPARENT]), wantsSpans: meta?.[PROFILE] === WANTED }
}

/** A result with the spans of its request; undefined when they are too many. */
export function withSpans(result: unknown, trace: Trace): Fields | undefined {
  const spans = inlineSpans(trace, MAX_CHARS)
  return spans === undefined ? undefined : { ...fields(result), _meta: { ...fields(fields(result)?.['_meta']), [SPANS]: spans } }
}

/** A message of a server may be long; it is read whole before anything of it is used. */
const MAX_CHARS = 1_000_000

/** Takes the spans out of a result: it is then what it would have been without us. */
export function takeSpans(result: unknown): Trace | undefined {
  const meta = fields(fields(result)?.['_meta'])
  const value = text(meta?.[SPANS])
  if (value === undefined) return undefined
  const own = meta as Record<string, unknown>
  delete own[SPANS]
  if (Object.keys(own).length === 0) delete (result as Record<string, unknown>)['_meta']
  const answer = readSpansHeader(value, MAX_CHARS)
  return answer?.kind === 'inline' ? answer.trace : undefined
}

/** What a request is about: the tool's or prompt's name; never a resource's address, which may hold anything. */
export const targetOf = (params: unknown): string | undefined => text(fields(params)?.['name'])

/** `tools/call search` */
export const requestName = (method: string, target: string | undefined): string => (target === undefined ? method : `${method} ${target}`)

/** Sets what OpenTelemetry's conventions for MCP say of a request. */
export function describeRequest(span: SpanRecord, method: string, more: Readonly<Record<string, unknown>>): void {
  span.set({ 'mcp.method.name': method, ...more })
}
