/**
 * A server on the loopback interface that stands in for OpenAI and Anthropic: each endpoint gives its recorded answers in
 * the order of a script, event by event, with pauses like the real thing's. A request that the script does not expect is
 * answered with status 500 and a message that says why, so a demo that has lost its thread fails instead of improvising.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { scaledPause, type Pause } from './pause.ts'
import { paceOf, type Recording, type Script } from './recordings.ts'

export interface ReplayServer {
  /** For example `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string
  /** Names of the recordings that nobody has asked for yet. */
  unplayed(): readonly string[]
  close(): Promise<void>
}

/** The wait that a refused client is told, in milliseconds; the recording of the refusal is without its headers. */
const RETRY_AFTER_MS = 700

/** @param scale of all pauses: 1 is real time, 0 none at all */
export async function startReplayServer(script: Script, scale: number): Promise<ReplayServer> {
  const pause = scaledPause(scale)
  const left = new Map(Object.entries(script).map(([endpoint, recordings]) => [endpoint, [...recordings]]))
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, String(error)))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = `${request.method} ${request.url}`
    const body = await readJson(request)
    const recording = left.get(endpoint)?.shift()
    if (recording === undefined) return refuse(response, `nothing is left of the script for ${endpoint}`)
    const objection = mismatch(recording, body)
    if (objection !== undefined) return refuse(response, `${recording.name} does not answer this request: ${objection}`)
    await pause(paceOf(recording).firstByteMs)
    response.writeHead(recording.status ?? 200, headersOf(recording, scale))
    await play(recording, response, pause)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    unplayed: () => [...left.values()].flat().map(({ name }) => name),
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

async function play(recording: Recording, response: ServerResponse, pause: Pause): Promise<void> {
  if (recording.responseText === undefined) {
    response.end(JSON.stringify(recording.responseBody))
    return
  }
  for (const event of recording.responseText.split(/(?<=\n\n)/)) {
    if (response.destroyed) return
    response.write(event)
    await pause(paceOf(recording).eventMs)
  }
  response.end()
}

function headersOf({ headers, status }: Recording, scale: number): Record<string, string> {
  const wait = { 'retry-after': '1', 'retry-after-ms': String(Math.max(1, Math.round(RETRY_AFTER_MS * scale))) }
  return { 'content-type': 'application/json', ...headers, ...(status === 429 && wait) }
}

type ChatRequest = NonNullable<Recording['request']>

/** Ids of the tool calls whose results a request carries. */
const toolResults = (request: ChatRequest | null): readonly string[] =>
  (request?.messages ?? []).flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id]))

/** Why a recording cannot answer this request; undefined when it can. */
function mismatch(recording: Recording, body: ChatRequest): string | undefined {
  // A refusal answers whatever was asked.
  if (recording.status !== null && recording.status >= 400) return undefined
  if ((body.stream ?? false) !== recording.stream) return `it is ${recording.stream ? '' : 'not '}a stream`
  const told = new Set(toolResults(body))
  const missing = toolResults(recording.request).filter((id) => !told.has(id))
  return missing.length === 0 ? undefined : `the result of tool call ${missing.join(', ')} is missing`
}

async function readJson(request: IncomingMessage): Promise<ChatRequest> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return text === '' ? {} : JSON.parse(text) as ChatRequest
}

function refuse(response: ServerResponse, reason: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  // Without this header the clients would try twice more.
  response.writeHead(500, { 'content-type': 'application/json', 'x-should-retry': 'false' })
  response.end(JSON.stringify({ error: { type: 'replay_error', message: `replay server: ${reason}` } }))
}
