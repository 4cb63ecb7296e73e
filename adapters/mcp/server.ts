import { within, type Outcome, type Profiler, type SpanRecord } from '../../src/kit.ts'
import { fields, text, type Fields } from '../shared/json.ts'
import { describeRequest, readAsked, requestName, targetOf, withSpans } from './meta.ts'
import type { McpServerOptions } from './options.ts'

type OnMessage = (message: unknown, ...rest: unknown[]) => unknown
type Send = (this: unknown, message: unknown, ...rest: unknown[]) => unknown

interface Answering {
  readonly span: SpanRecord
  /** The caller gets the spans. */
  readonly givesSpans: boolean
}

/** Requests that never get a response must not be kept for ever. */
const MAX_OPEN = 10_000
const RECORDED = new Set(['tools/call', 'resources/read', 'prompts/get', 'completion/complete'])
const watched = new WeakSet<object>()

/**
 * Watches a transport between its coming messages and the server that is about to be connected to it. Requests are told apart by their
 * JSON-RPC ids, which are the caller's own: a transport has one caller at a time, or keeps their ids apart itself.
 */
export function watchTransport(profiler: Profiler, options: McpServerOptions, transport: object): void {
  if (watched.has(transport)) return
  watched.add(transport)
  const open = new Map<unknown, Answering>()
  const receive = (handler: OnMessage): OnMessage => function (this: unknown, message, ...rest) {
    const span = begin(profiler, options, transport, open, fields(message))
    const go = (): unknown => handler.call(this, message, ...rest)
    return span === undefined ? go() : within(span, go)
  }
  onceSet(transport, 'onmessage', (handler) => (typeof handler === 'function' ? receive(handler as OnMessage) : handler))
  const { send } = transport as { send?: unknown }
  if (typeof send !== 'function') return
  Reflect.defineProperty(transport, 'send', {
    configurable: true, writable: true, enumerable: Object.hasOwn(transport, 'send'),
    value: function (this: unknown, message: unknown, ...rest: unknown[]): unknown {
      return (send as Send).call(this, answered(profiler, open, message), ...rest)
    },
  })
}

/** The server sets the handler itself, once, and may get messages in the very same turn. */
function onceSet(target: object, name: string, map: (value: unknown) => unknown): void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  const restore = (): boolean => (before === undefined ? Reflect.deleteProperty(target, name) : Reflect.defineProperty(target, name, before))
  Reflect.defineProperty(target, name, {
    configurable: true,
    enumerable: before?.enumerable ?? true,
    get: () => before?.value as unknown,
    // Some transports have a setter of their own that hands it on.
    set: (value: unknown) => void (restore() && Reflect.set(target, name, map(value))),
  })
}

function begin(profiler: Profiler, options: McpServerOptions, transport: object, open: Map<unknown, Answering>, message: Fields | undefined): SpanRecord | undefined {
  try {
    const method = text(message?.['method'])
    const id = message?.['id']
    if (method === 'notifications/cancelled') cancel(open, fields(message?.['params'])?.['requestId'])
    if (method === undefined || id === undefined || !RECORDED.has(method)) return undefined
    const params = message?.['params']
    const { remote, wantsSpans } = readAsked(params)
    const givesSpans = wantsSpans && maySee(options, transport, method, params)
    const target = targetOf(params)
    const span = profiler.open(requestName(method, target), 'internal', { isRun: true, remote, ...(givesSpans && { sample: true }) })
    if (span === undefined) return undefined
    const sessionId = text(fields(transport)?.['sessionId'])
    describeRequest(span, method, { ...(target !== undefined && { 'gen_ai.tool.name': target }), ...(sessionId !== undefined && { 'mcp.session.id': sessionId }) })
    if (open.size >= MAX_OPEN) for (const oldest of open.keys()) { open.delete(oldest); break }
    open.set(id, { span, givesSpans })
    return span
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}

function maySee({ spans }: McpServerOptions, transport: object, method: string, params: unknown): boolean {
  if (typeof spans === 'boolean') return spans
  const sessionId = text(fields(transport)?.['sessionId'])
  if (typeof spans === 'function') return spans({ method, params, sessionId }) === true
  // Transports over HTTP take requests from a web framework; anybody might ask there.
  return typeof fields(transport)?.['handleRequest'] !== 'function' && typeof fields(transport)?.['handlePostMessage'] !== 'function'
}

function cancel(open: Map<unknown, Answering>, id: unknown): void {
  open.get(id)?.span.end({ state: 'cancelled' })
  open.delete(id)
}

/** Ends the request that a response answers. @returns the message to send in its place */
function answered(profiler: Profiler, open: Map<unknown, Answering>, message: unknown): unknown {
  const response = fields(message)
  const answering = response === undefined || 'method' in response ? undefined : open.get(response['id'])
  if (response === undefined || answering === undefined) return message
  open.delete(response['id'])
  const { span, givesSpans } = answering
  span.end(outcomeOfResponse(response))
  if (!givesSpans || response['result'] === undefined) return message
  try {
    const trace = profiler.traceOf(span)
    const result = trace && withSpans(response['result'], trace)
    return result === undefined ? message : { ...response, result }
  } catch (error) {
    profiler.noteError(error)
    return message
  }
}

function outcomeOfResponse({ result, error }: Fields): Outcome {
  const failure = fields(error)
  if (failure !== undefined) return { state: 'failed', type: String(failure['code'] ?? 'error'), message: text(failure['message']) ?? '' }
  return fields(result)?.['isError'] === true ? { state: 'failed', type: 'tool_error', message: '' } : { state: 'ok' }
}
