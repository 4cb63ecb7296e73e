import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { reports } from '../../reports/index.ts'
import type { ServerInfo } from '../api.ts'
import { Analyst } from './analyst.ts'
import { Events } from './events.ts'
import { namesOf } from './guard.ts'
import { keepHeapLean } from './heap.ts'
import { closed, guardedServer } from './http.ts'
import { bind, bindNext } from './listen.ts'
import type { Content } from './otlp/content.ts'
import { ReceivedFiles } from './received-files.ts'
import { otlpFailed, Receiver } from './receiver.ts'
import { MAX_RECEIVED, retain } from './retention.ts'
import { apiFailed, Routes } from './routes.ts'
import { Store } from './store.ts'

export interface DashboardOptions {
  /** Of the runs, absolute. */
  readonly folder: string
  /** The same as the user would name it. */
  readonly folderName?: string
  readonly version?: string
  /** Of the dashboard; the next free one when it is taken. 0: any. */
  readonly port?: number
  /** Where OTLP is taken; `false`: nowhere. */
  readonly otlpPort?: number | false
  /** Another address than the two of the loopback interface. */
  readonly host?: string
  /** Whether texts of prompts, answers and tools are kept of what is received. */
  readonly content?: Content
  /** Days that received runs are kept; 0: for ever. */
  readonly retentionDays?: number
  /** Received runs that are kept. */
  readonly maxReceivedRuns?: number
  /** For tests. */
  readonly token?: string
  readonly nowEpochMs?: () => number
  readonly quietMs?: number
  /** Whether runs are read and analysed in threads of their own; not from sources, which Node cannot start as a thread. */
  readonly inThreads?: boolean
}

export interface Started {
  /** With the token of this launch behind the `#`, which no server and no log ever sees. */
  readonly url: string
  readonly token: string
  readonly receiverUrl?: string
}

const TIDY_MS = 60_000
const DEFAULT_PORT = 4319
const DEFAULT_OTLP_PORT = 4318
const DEFAULT_RETENTION_DAYS = 15

/** The local dashboard: a page over all runs of a folder, and a receiver of OTLP beside it. */
export class Dashboard {
  readonly store: Store
  readonly #options: DashboardOptions
  readonly #token: string
  readonly #analyst: Analyst
  readonly #events: Events
  readonly #received: ReceivedFiles
  #servers: readonly Server[] = []
  #tidying: NodeJS.Timeout | undefined
  #isTidying = false
  #receiver: ServerInfo['receiver'] = null

  constructor(options: DashboardOptions) {
    this.#options = options
    this.#token = options.token ?? randomBytes(32).toString('base64url')
    this.#analyst = new Analyst(options.inThreads)
    this.#events = new Events(() => this.store.table.size)
    this.#received = new ReceivedFiles({
      folder: options.folder, nowEpochMs: this.#now, written: (path, isWhole) => this.store.written(path, isWhole),
    })
    this.store = new Store({
      folder: options.folder, analyst: this.#analyst, nowEpochMs: this.#now, quietMs: options.quietMs, version: options.version ?? '',
      changed: (keys) => this.#events.changed(keys), received: this.#received,
    })
  }

  async start(): Promise<Started> {
    const { host, port = DEFAULT_PORT } = this.#options
    keepHeapLean()
    await this.store.open()
    const routes = new Routes({
      token: this.#token, folder: this.#options.folder, version: this.#options.version ?? '', store: this.store, analyst: this.#analyst,
      events: this.#events, nowEpochMs: this.#now, info: () => this.info(),
    })
    const names = namesOf(host)
    const bound = await bindNext(() => guardedServer({ names, answer: (asked) => routes.answer(asked), failed: apiFailed }), port, host)
    this.#servers = bound.servers
    await this.#startReceiver(names)
    this.#tidying = setInterval(() => void this.tidy(), TIDY_MS).unref()
    const url = `http://${nameOf(host)}:${bound.port}/#token=${this.#token}`
    return { url, token: this.#token, ...(this.#receiver !== null && 'url' in this.#receiver && { receiverUrl: this.#receiver.url }) }
  }

  async #startReceiver(names: ReadonlySet<string>): Promise<void> {
    const { host, otlpPort = DEFAULT_OTLP_PORT, content = 'none' } = this.#options
    if (otlpPort === false) return
    const receiver = new Receiver(this.#received, content)
    try {
      const { port, servers } = await bind(() => guardedServer({ names, answer: (asked) => receiver.answer(asked), failed: otlpFailed }), otlpPort, host)
      this.#servers = [...this.#servers, ...servers]
      this.#receiver = { url: `http://${nameOf(host)}:${port}` }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.#receiver = { problem: code === 'EADDRINUSE' ? `port ${otlpPort} is taken by another program` : `port ${otlpPort}: ${message}` }
    }
  }

  /** Removes received runs that are too old or too many. @returns how many */
  async tidy(): Promise<number> {
    const { folder, retentionDays: days = DEFAULT_RETENTION_DAYS, maxReceivedRuns: maxRuns = MAX_RECEIVED } = this.#options
    if (this.#isTidying) return 0
    this.#isTidying = true
    try {
      return await retain({ store: this.store, folder, days, maxRuns, nowEpochMs: this.#now, isBusy: (path) => this.#received.isBusy(path) })
    } finally {
      this.#isTidying = false
    }
  }

  info(): ServerInfo {
    const { folder, folderName = folder, version = '', retentionDays = DEFAULT_RETENTION_DAYS } = this.#options
    return {
      version, folder: folderName, runs: this.store.table.size, receiver: this.#receiver, retentionDays,
      formats: [
        ...reports.map(({ name, extension }) => ({ name, extension })),
        { name: 'html', extension: 'html' }, { name: 'run', extension: 'jsonl' },
      ],
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#tidying)
    this.#events.close()
    await Promise.all(this.#servers.map(closed))
    await this.#received.flush()
    await Promise.all([this.store.close(), this.#analyst.close()])
  }

  readonly #now = (): number => (this.#options.nowEpochMs ?? Date.now)()
}

/** As it stands in a link. */
const nameOf = (host: string | undefined): string =>
  (host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host)
