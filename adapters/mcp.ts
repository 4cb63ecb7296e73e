import { adopt, outcomeOf, show, traceparentOf, within, type Outcome, type Profiler, type SpanRecord } from '../src/kit.ts'
import { at, fields, list, text, type Fields } from './shared/json.ts'
import { profilerOf } from './shared/options.ts'
import { Patches, wrapped } from './shared/patches.ts'
import type { McpClientOptions, McpServerOptions } from './mcp/options.ts'
import { askingFor, describeRequest, requestName, takeSpans, targetOf } from './mcp/meta.ts'
import { watchTransport } from './mcp/server.ts'

/**
 * Recording for clients and servers of `@modelcontextprotocol/sdk` 1.x, whatever their transport.
 *
 * - A client's tool calls become tool spans with the name of the server; other requests are recorded inside a run. All of them go
 *   through the client's own `request`, which gets a look-out in front. The request says in `_meta` who calls.
 * - A server's requests become runs of their own, that take the caller's trace id. They are seen at the transport, where they come in
 *   and their responses go out, so it does not matter when and how handlers are registered. A caller that asks gets the spans with
 *   the result, and has them below its call.
 *
 * Not seen: notifications, pings, what a server asks of its client (sampling, elicitation), tasks after the request that began them.
 */
type Request = (this: unknown, request: Fields, ...rest: unknown[]) => unknown

/**
 * Records the requests of an MCP client, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no MCP client
 */
export function wrapMcpClient<T extends object>(client: T, options: McpClientOptions = {}): T {
  const profiler = profilerOf('wrapMcpClient(client, options)', options)
  const request: unknown = fields(client)?.['request']
  if (typeof request !== 'function' || typeof fields(client)?.['callTool'] !== 'function') {
    throw new TypeError(`wrapMcpClient(client): client must be a Client of @modelcontextprotocol/sdk, got ${show(client)}`)
  }
  if (!profiler.enabled || wrapped.has(client)) return client
  const patches = new Patches()
  const recorded = function (this: unknown, asked: Fields, ...rest: unknown[]): unknown {
    const call = begin(profiler, client, options, asked)
    if (call === undefined) return (request as Request).call(this, asked, ...rest)
    return watch(call, fields(fields(rest[1])?.['signal']), () => (request as Request).call(this, call.sent, ...rest))
  }
  if (patches.set(client, 'request', recorded)) wrapped.set(client, patches)
  return client
}

/**
 * Records the requests that an MCP server answers (`McpServer` or `Server`), and gives it back. To be called before `connect`.
 * @throws TypeError when it is no MCP server
 */
export function wrapMcpServer<T extends object>(server: T, options: McpServerOptions = {}): T {
  const profiler = profilerOf('wrapMcpServer(server, options)', options)
  const inner = fields(fields(server)?.['server']) === undefined ? server : (fields(server)!['server'] as object)
  const connect: unknown = fields(inner)?.['connect']
  if (typeof connect !== 'function' || typeof fields(inner)?.['setRequestHandler'] !== 'function') {
    throw new TypeError(`wrapMcpServer(server): server must be an McpServer or a Server of @modelcontextprotocol/sdk, got ${show(server)}`)
  }
  if (!profiler.enabled || wrapped.has(inner)) return server
  const patches = new Patches()
  const recorded = function (this: unknown, transport: object, ...rest: unknown[]): unknown {
    watchTransport(profiler, options, transport)
    return (connect as (...args: unknown[]) => unknown).call(this, transport, ...rest)
  }
  if (patches.set(inner, 'connect', recorded)) wrapped.set(inner, patches)
  return server
}

/** Takes the recording off a client or a server again. Connections that a server has stay recorded. */
export function unwrapMcp<T extends object>(clientOrServer: T): T {
  for (const one of [clientOrServer, fields(clientOrServer)?.['server'] as object | undefined]) {
    if (one === undefined) continue
    wrapped.get(one)?.undo()
    wrapped.delete(one)
  }
  return clientOrServer
}

interface Call {
  readonly span: SpanRecord
  /** A span of an outer tool of the same name: its end is not ours. */
  readonly isOuters: boolean
  readonly sent: Fields
  readonly see: (value: unknown) => void
}

const CALL_TOOL = 'tools/call'
const IGNORED = new Set(['ping', 'initialize'])

function begin(profiler: Profiler, client: object, options: McpClientOptions, asked: Fields): Call | undefined {
  try {
    const method = text(asked['method'])
    if (method === undefined || IGNORED.has(method)) return undefined
    const isTool = method === CALL_TOOL
    // What a client asks beside its tools, such as their list, is part of a run or nothing.
    if (!isTool && profiler.innermost(undefined) === undefined) return undefined
    const params = asked['params']
    const target = targetOf(params)
    const server = options.server ?? serverOf(client)
    const found = isTool && target !== undefined ? beginTool(profiler, target, server, fields(params)?.['arguments']) : undefined
    const span = found?.span ?? profiler.open(requestName(method, target), CATEGORIES[method] ?? 'internal', {})
    if (span === undefined) return undefined
    describeRequest(span, method, { ...(server !== undefined && { 'mcp.server.name': server }), ...(isTool && { 'gen_ai.operation.name': 'execute_tool' }) })
    const isOuters = found?.isOuters === true
    return { span, isOuters, sent: { ...asked, params: askingFor(params, traceparentOf(span), options.spans ?? true) }, see: (value) => seeResult(profiler, span, isOuters, value) }
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}

const CATEGORIES: Readonly<Record<string, string>> = { 'resources/read': 'retrieval', 'prompts/get': 'retrieval' }

/** A function that is recorded as this tool, or a framework's tool that goes through the client, is this call: it is not opened again. */
function beginTool(
  profiler: Profiler, tool: string, server: string | undefined, args: unknown,
): { readonly span: SpanRecord; readonly isOuters: boolean } | undefined {
  const current = profiler.innermost(undefined)
  const known = current?.category === 'tool' && current.open && current.details?.tool?.name === tool ? current : profiler.pairs.takeTool('mcp', tool, [args])
  if (known !== undefined) return { span: known, isOuters: true }
  const span = profiler.open(server === undefined ? tool : `${server}/${tool}`, 'tool', {})
  if (span === undefined) return undefined
  profiler.toolTexts.told(span, { name: tool, arguments: args })
  return { span, isOuters: false }
}

const serverOf = (client: object): string | undefined => {
  const { getServerVersion } = client as { getServerVersion?: () => unknown }
  return typeof getServerVersion === 'function' ? text(fields(getServerVersion.call(client))?.['name']) : undefined
}

function watch({ span, isOuters, see }: Call, signal: Fields | undefined, send: () => unknown): unknown {
  const end = (outcome?: Outcome): void => void (isOuters || span.end(outcome))
  let result: unknown
  try {
    result = within(span, send)
  } catch (error) {
    end(outcomeOf(error))
    throw error
  }
  if (!(result instanceof Promise)) return result
  return result.then(
    (value: unknown) => {
      see(value)
      end()
      return value
    },
    (error: unknown) => {
      // The SDK makes an error of its own of an abort.
      end(signal?.['aborted'] === true ? { state: 'cancelled' } : outcomeOf(error))
      throw error
    },
  )
}

function seeResult(profiler: Profiler, span: SpanRecord, isOuters: boolean, value: unknown): void {
  try {
    const spans = takeSpans(value)
    if (spans !== undefined) adopt(span, spans)
    if (isOuters) return
    const result = fields(value)
    if (span.details?.tool !== undefined) profiler.toolTexts.gave(span, result?.['structuredContent'] ?? textOf(result))
    if (result?.['isError'] === true) span.end({ state: 'failed', type: 'tool_error', message: textOf(result).slice(0, MAX_MESSAGE_CHARS) })
  } catch (error) {
    profiler.noteError(error)
  }
}

const MAX_MESSAGE_CHARS = 1_024

const textOf = (result: Fields | undefined): string =>
  list(result?.['content']).map((block) => text(at(block, 'text')) ?? text(at(block, 'resource.text')) ?? `[${text(at(block, 'type')) ?? 'unknown'}]`).join('\n')

export type { McpClientOptions, McpServerOptions }
