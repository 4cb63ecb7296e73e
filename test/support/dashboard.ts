import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Trace } from '../../src/model/span.ts'
import { encodeTrace } from '../../src/trace-file/index.ts'
import { Dashboard, type DashboardOptions, type Started } from '../../viewer/server/dashboard.ts'
import { draw } from '../draw.ts'

export const TOKEN = 'the-token-of-this-test'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  json<T>(): T
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One request as it is, without what a client of more comfort would add or refuse. */
export function ask(base: string, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: hostname.replace(/^\[|\]$/g, ''), port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0, headers: response.headers, body: bytes, text: bytes.toString('utf8'),
          json: <T>() => JSON.parse(bytes.toString('utf8')) as T,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A dashboard on ports of its own, over a folder of its own. */
export class Board {
  readonly folder: string = join(mkdtempSync(join(tmpdir(), 'spanwise-ui-')), '.spanwise')
  dashboard!: Dashboard
  started!: Started

  async start(options: Partial<DashboardOptions> = {}): Promise<this> {
    this.dashboard = new Dashboard({ folder: this.folder, port: 0, otlpPort: 0, token: TOKEN, quietMs: 20, version: '1.2.3', ...options })
    this.started = await this.dashboard.start()
    return this
  }

  get base(): string {
    return new URL('/', this.started.url).href
  }

  api(path: string, { headers = {}, ...rest }: Ask = {}): Promise<Answer> {
    return ask(this.base, `/api/${path}`, { headers: { Authorization: `Bearer ${TOKEN}`, ...headers }, ...rest })
  }

  otlp(path: string, rest: Ask = {}): Promise<Answer> {
    return ask(this.started.receiverUrl!, path, { method: 'POST', ...rest })
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** A recorded run, drawn. */
  record(drawn: string, facts: Partial<Trace> & { readonly id: string }): Trace {
    const trace = draw(drawn, { name: 'agent', ...facts })
    const whole = { ...trace, spans: trace.spans.map((span) => ({ ...span, traceId: facts.id })) }
    this.write(`2026-11-01_10-20-30_${facts.id.slice(0, 12)}.spanwise.jsonl`, encodeTrace(whole))
    return whole
  }

  async close(): Promise<void> {
    await this.dashboard.close()
  }

  remove(): void {
    rmSync(dirname(this.folder), { recursive: true, force: true })
  }
}
