import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case, Figure } from '../harness.ts'

const SPANS_PER_SECOND = 2_000
const SPANS_PER_TRACE = 20
const SPANS_PER_REQUEST = 100
const SECONDS = Number(process.env['RECEIVER_SECONDS'] ?? 20)
/** The first of ten parts is for growing to the size that the load needs, the last one is compared with its end: minutes of ten. */
const PART_SECONDS = SECONDS / 10
/** In less time no heap has grown to its size. */
const HAS_SETTLED = SECONDS >= 300
const MAX_GROWTH = 1.1
const MAX_RSS_MB = 400

const attributes = (said: Readonly<Record<string, string | number>>): object[] =>
  Object.entries(said).map(([key, value]) => ({ key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } }))

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')

/** The spans of an agent's run in the order in which they end: calls with their messages, tools, and the root last. */
function traceSpans(trace: number): object[] {
  const traceId = `abc${hex(trace, 29)}`
  const start = BigInt(Date.now()) * 1_000_000n
  const at = (ms: number): string => String(start + BigInt(ms) * 1_000_000n)
  const spans: object[] = []
  let history = 'You are an agent that looks after the orders of a shop. '.repeat(10)
  for (let i = 1; i < SPANS_PER_TRACE; i++) {
    const isCall = i % 3 === 1
    history += `and then the tool said that order ${i} had been sent to the customer on the day before. `
    spans.push({
      traceId, spanId: hex(i + 1, 16), parentSpanId: hex(1, 16), name: isCall ? 'chat gpt-5-mini' : 'execute_tool get_order', kind: 3,
      startTimeUnixNano: at(i * 10), endTimeUnixNano: at(i * 10 + 8),
      attributes: attributes(isCall
        ? {
            'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5-mini', 'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
            'gen_ai.usage.input_tokens': 300 * i, 'gen_ai.usage.output_tokens': 40, 'gen_ai.response.id': `resp_${trace}_${i}`, 'server.address': 'api.openai.com', 'server.port': 443,
            'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: history }] }]),
          }
        : { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_order', 'gen_ai.tool.call.id': `call_${i}`, 'gen_ai.tool.call.arguments': '{"order":1}' }),
      status: {},
    })
  }
  spans.push({
    traceId, spanId: hex(1, 16), name: 'invoke_agent orders', kind: 1, startTimeUnixNano: at(0), endTimeUnixNano: at(SPANS_PER_TRACE * 10),
    attributes: attributes({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'orders' }),
  })
  return spans
}

interface Received {
  readonly status: number
  readonly body: string
}

function ask(base: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Received> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      let said = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (said += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: said }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Spans of many traces at a time, as they come from a program that has several runs going on. */
class Source {
  #trace = 0
  #open: object[][] = []

  next(): string {
    const spans: object[] = []
    while (spans.length < SPANS_PER_REQUEST) {
      while (this.#open.length < 10) this.#open.push(traceSpans(this.#trace++))
      const first = this.#open.shift()!
      spans.push(...first.splice(0, 10))
      if (first.length > 0) this.#open.push(first)
    }
    return this.#request(spans)
  }

  /** What is left of the traces that have begun. */
  last(): { readonly body: string; readonly spans: number } {
    const spans = this.#open.flat()
    this.#open = []
    return { body: this.#request(spans), spans: spans.length }
  }

  #request(spans: readonly object[]): string {
    return JSON.stringify({ resourceSpans: [{ resource: { attributes: attributes({ 'service.name': 'shop', 'telemetry.sdk.name': 'opentelemetry' }) }, scopeSpans: [{ scope: { name: 'bench' }, spans }] }] })
  }
}

interface Told {
  readonly url: string
  readonly token: string
  readonly receiver: { readonly url: string }
}

async function start(folder: string): Promise<{ readonly child: ChildProcess; readonly told: Told }> {
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
  const words = [main, 'ui', folder, '--port', '0', '--otlp-port', '0', '--json']
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, told: JSON.parse(line.toString()) as Told }
}

/** CPU seconds and resident megabytes of the process, threads included; where the system has /proc. */
function usage(pid: number): { readonly cpuSeconds: number; readonly rssMb: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, rssMb: (pages * 4_096) / 1e6 }
  } catch {
    return { cpuSeconds: Number.NaN, rssMb: Number.NaN }
  }
}

interface Sent {
  readonly spans: number
  readonly seconds: number
  readonly cpuShare: number
  /** Of each second. */
  readonly rssMb: readonly number[]
  readonly latenciesMs: readonly number[]
}

async function drive(told: Told, pid: number): Promise<Sent> {
  const source = new Source()
  const headers = { 'Content-Type': 'application/json' }
  const rssMb: number[] = []
  const latenciesMs: number[] = []
  const pending = new Set<Promise<void>>()
  let spans = 0
  const send = async (body: string, count: number): Promise<void> => {
    const before = performance.now()
    const { status } = await ask(told.receiver.url, '/v1/traces', headers, body)
    if (status !== 200) throw new Error(`the receiver answered ${status}`)
    spans += count
    latenciesMs.push(performance.now() - before)
  }
  const begun = performance.now()
  const cpuBefore = usage(pid).cpuSeconds
  const sampling = setInterval(() => rssMb.push(usage(pid).rssMb), 1_000)
  const requests = (SECONDS * SPANS_PER_SECOND) / SPANS_PER_REQUEST
  for (let i = 0; i < requests; i++) {
    const due = begun + (i * SPANS_PER_REQUEST * 1_000) / SPANS_PER_SECOND
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    const one = send(source.next(), SPANS_PER_REQUEST).finally(() => pending.delete(one))
    pending.add(one)
    if (pending.size >= 16) await Promise.race(pending)
  }
  await Promise.all(pending)
  clearInterval(sampling)
  const seconds = (performance.now() - begun) / 1_000
  const cpuShare = (usage(pid).cpuSeconds - cpuBefore) / seconds
  const last = source.last()
  if (last.spans > 0) await send(last.body, last.spans)
  return { spans, seconds, cpuShare, rssMb, latenciesMs }
}

interface Page {
  readonly total: number
  readonly runs: readonly { readonly spans: number }[]
}

/** All spans that the dashboard knows of, when it has read what came. */
async function found(told: Told, expected: number): Promise<{ readonly spans: number; readonly seconds: number }> {
  const begun = performance.now()
  for (let tried = 0; ; tried++) {
    let spans = 0
    let total = Infinity
    for (let offset = 0; offset < total; offset += 500) {
      const { body } = await ask(new URL('/', told.url).href, `/api/runs?limit=500&offset=${offset}`, { Authorization: `Bearer ${told.token}` })
      const page = JSON.parse(body) as Page
      total = page.total
      for (const run of page.runs) spans += run.spans
    }
    const seconds = (performance.now() - begun) / 1_000
    if (spans >= expected || seconds > 120) return { spans, seconds }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Medians of each tenth, of the latter half of the first one, and of the last one. */
function partsOf(rssMb: readonly number[]): { readonly parts: readonly number[]; readonly first: number; readonly last: number } {
  const between = (from: number, to: number): number => median(rssMb.slice(Math.floor(from * PART_SECONDS), Math.ceil(to * PART_SECONDS)))
  const parts = Array.from({ length: 10 }, (_, i) => between(i, i + 1))
  return { parts, first: between(0.5, 1), last: parts.at(-1)! }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

export const receiver: Case = {
  name: 'receiver',
  title: 'Receiving OTLP',
  how: `The command as it is published takes ${SPANS_PER_SECOND} spans a second in requests of ${SPANS_PER_REQUEST} over loopback, from another process, for ${SECONDS} s (RECEIVER_SECONDS), and reads and analyses each run meanwhile. CPU and memory are those of all its threads. How memory grows is told from 300 s on.`,
  async measure(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), 'spanwise-receiver-'))
    const { child, told } = await start(folder)
    try {
      const { spans, seconds, cpuShare, rssMb, latenciesMs } = await drive(told, child.pid!)
      const again = await found(told, spans)
      const memory = partsOf(rssMb)
      return [
        { what: 'spans that were acknowledged', unit: '1/s', median: spans / seconds },
        { what: 'spans that are not found again', unit: 'spans', median: spans - again.spans, limit: 0 },
        { what: 'until the last was analysed', unit: 's', median: again.seconds },
        { what: 'CPU', unit: 'cores', median: cpuShare, limit: 1 },
        { what: 'time to answer a request', unit: 'ms', median: median(latenciesMs), min: Math.min(...latenciesMs), note: `p99 ${(latenciesMs.toSorted((a, b) => a - b)[Math.floor(latenciesMs.length * 0.99)] ?? 0).toFixed(0)} ms` },
        { what: 'resident memory at the end of the first minute of ten', unit: 'MB', median: memory.first },
        { what: 'resident memory in the last one', unit: 'MB', median: memory.last, note: `medians ${memory.parts.map((mb) => mb.toFixed(0)).join(', ')} MB` },
        { what: 'the last as a share of the first', unit: '', median: memory.last / memory.first, limit: HAS_SETTLED ? MAX_GROWTH : undefined },
        { what: 'most resident memory', unit: 'MB', median: Math.max(...rssMb), limit: MAX_RSS_MB },
      ]
    } finally {
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
