import { createRequire } from 'node:module'
import { Agent, createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import fastify from 'fastify'
import { Hono } from 'hono'
import { Profiler } from 'spanwise'
import { profileExpress } from 'spanwise/express'
import { profileFastify } from 'spanwise/fastify'
import { profileHono } from 'spanwise/hono'
import { profileHttp, type HttpOptions } from 'spanwise/http'
import { inChild, interleave, median, pause, quantile, settledHeap, type Case, type Figure, type Samples } from '../harness.ts'

const LATENCY_REQUESTS = 20_000
const LATENCY_WARMUP = 4_000
const CPU_REQUESTS = 500
const ROUNDS = 15
const LEAK_REQUESTS = 100_000
const LEAK_WARMUP = 30_000
const AT_ONCE = 16

/** An application with one route, which runs three tools. Without options it is bare. */
type Options = HttpOptions<unknown> & { readonly profiler: Profiler }
type Tool = (name: string) => Promise<string>

const plain: Tool = async (name) => `${name} done`
const toolOf = (options: Options | undefined): Tool => options?.profiler.tool('look', plain) ?? plain
async function work(tool: Tool): Promise<string> {
  await tool('plan')
  return JSON.stringify(await Promise.all([tool('search'), tool('answer')]))
}

const apps = {
  async 'node:http'(options?: Options) {
    const tool = toolOf(options)
    const listener: RequestListener = (_request, response) => {
      void work(tool).then((text) => response.end(text))
    }
    return createServer(options === undefined ? listener : profileHttp(listener, options))
  },
  async express(options?: Options) {
    const tool = toolOf(options)
    interface App extends RequestListener {
      use(handler: unknown): void
      get(path: string, handler: (request: IncomingMessage, response: { end(text: string): void }) => void): void
    }
    const app = (createRequire(import.meta.url)('express') as () => App)()
    if (options !== undefined) app.use(profileExpress(options))
    app.get('/', (_request, response) => void work(tool).then((text) => response.end(text)))
    return createServer(app)
  },
  async fastify(options?: Options) {
    const tool = toolOf(options)
    const app = fastify()
    if (options !== undefined) await app.register(profileFastify, options)
    app.get('/', () => work(tool))
    await app.ready()
    return app.server
  },
  async hono(options?: Options) {
    const tool = toolOf(options)
    const app = new Hono()
    if (options !== undefined) app.use(profileHono(options))
    app.get('/', async (context) => context.text(await work(tool)))
    return createAdaptorServer(app) as Server
  },
} as const
type Framework = keyof typeof apps

/** Requests on connections that stay open, and how long each took in milliseconds. */
class Client {
  readonly #agent: Agent
  readonly #server: Server
  readonly #port: number

  private constructor(server: Server, connections: number) {
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  static async of(server: Server, connections = 1): Promise<Client> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Client(server, connections)
  }

  get(path = '/', headers: Readonly<Record<string, string>> = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const start = performance.now()
      request({ host: '127.0.0.1', port: this.#port, path, agent: this.#agent, headers }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - start)).on('error', reject)
      }).on('error', reject).end()
    })
  }

  /** So many, always as many at once. */
  async many(count: number, one: (i: number) => Promise<unknown> = () => this.get()): Promise<void> {
    let next = 0
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await one(next++)
    }))
  }

  close(): void {
    this.#agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

const settings = (profiler: Profiler, sampleRate: number): Options => ({ enabled: true, sampleRate, profiler, logger: () => {} })

/** Every tenth is recorded. @returns whether the next one will be */
function tenth(): { readonly random: () => number; readonly isNext: () => boolean } {
  let count = 0
  return { random: () => (count++ % 10 === 0 ? 0 : 1), isNext: () => count % 10 === 0 }
}

type Latency = 'bare' | 'bareAgain' | 'none' | 'tenth'

/** One request at a time, of each application in turn. */
async function latencies(framework: Framework): Promise<Samples<Latency>> {
  const dice = tenth()
  const clients = {
    bare: await Client.of(await apps[framework]()),
    bareAgain: await Client.of(await apps[framework]()),
    none: await Client.of(await apps[framework](settings(new Profiler(), 0))),
    tenth: await Client.of(await apps[framework](settings(new Profiler({ random: dice.random }), 0.1))),
  }
  const names = Object.keys(clients) as Latency[]
  const samples: Samples<Latency> = { bare: [], bareAgain: [], none: [], tenth: [] }
  for (let i = -LATENCY_WARMUP; i < LATENCY_REQUESTS; i++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + i + LATENCY_WARMUP) % names.length]!
      const isSampled = name === 'tenth' && dice.isNext()
      const ms = await clients[name].get()
      if (i >= 0 && !isSampled) samples[name].push(ms)
    }
  }
  for (const client of Object.values(clients)) client.close()
  return samples
}

type Cost = 'bare' | 'none' | 'tenth' | 'all'

async function costs(framework: Framework): Promise<Samples<Cost>> {
  const clients: Record<Cost, Client> = {
    bare: await Client.of(await apps[framework](), AT_ONCE),
    none: await Client.of(await apps[framework](settings(new Profiler(), 0)), AT_ONCE),
    tenth: await Client.of(await apps[framework](settings(new Profiler(), 0.1)), AT_ONCE),
    all: await Client.of(await apps[framework](settings(new Profiler(), 1)), AT_ONCE),
  }
  const variant = (name: Cost): { run: () => Promise<void> } => ({
    run: async () => {
      await clients[name].many(CPU_REQUESTS)
      await pause(2)
    },
  })
  const samples = await interleave<Cost>(
    { bare: variant('bare'), none: variant('none'), tenth: variant('tenth'), all: variant('all') }, { rounds: ROUNDS, warmup: 8, per: CPU_REQUESTS },
  )
  for (const client of Object.values(clients)) client.close()
  return samples
}

interface Leak {
  readonly before: number
  readonly after: number
}

/** One of ten is sampled, one of a hundred asks for its spans, one of a thousand for a report. */
async function leak(framework: Framework): Promise<Leak> {
  const profiler = new Profiler()
  const client = await Client.of(await apps[framework](settings(profiler, 0.1)), AT_ONCE)
  const ask = (i: number): Promise<number> =>
    (i % 1_000 === 7 ? client.get('/?profile=1') : i % 100 === 3 ? client.get('/', { 'spanwise-profile': 'spans' }) : client.get())
  await client.many(LEAK_WARMUP, ask)
  const before = await settledHeap()
  await client.many(LEAK_REQUESTS, ask)
  const after = await settledHeap()
  client.close()
  if (profiler.stats().selfErrors > 0) throw new Error(`bench: ${profiler.stats().firstSelfError}`)
  return { before, after }
}

async function child([what, framework]: readonly string[]): Promise<unknown> {
  const measures = { latencies, costs, leak }
  return measures[what as keyof typeof measures](framework as Framework)
}

function figures(framework: Framework): Figure[] {
  const times = inChild<Samples<Latency>>('http', 'latencies', framework)
  const cpu = inChild<Samples<Cost>>('http', 'costs', framework)
  const { before, after } = inChild<Leak>('http', 'leak', framework)
  const p99 = (name: Latency): number => quantile(times[name], 0.99) * 1_000
  const addedCpu = (name: Cost): number => median(cpu[name].map((value, i) => value - cpu.bare[i]!)) / 1_000
  const us = (what: string, value: number, limit?: number): Figure => ({ what: `${framework}: ${what}`, unit: 'µs', median: value, limit })
  return [
    us('a bare request, p99', p99('bare')),
    us('bare against bare, p99', p99('bareAgain') - p99('bare')),
    us('none sampled, added at p99', p99('none') - p99('bare'), 1_000),
    us('one of ten sampled, added to others at p99', p99('tenth') - p99('bare'), 1_000),
    us('a bare request, CPU', median(cpu.bare) / 1_000),
    us('none sampled, CPU added', addedCpu('none')),
    us('one of ten sampled, CPU added', addedCpu('tenth')),
    us('all sampled, CPU added', addedCpu('all')),
    {
      what: `${framework}: heap, ${LEAK_REQUESTS.toLocaleString('en')} requests later`, unit: '%', median: (after / before - 1) * 100, limit: 5,
      note: `${(before / 1e6).toFixed(1)} and ${(after / 1e6).toFixed(1)} MB`,
    },
  ]
}

export const http: Case = {
  name: 'http',
  title: 'HTTP middleware',
  how: `A route that runs three tools, over loopback, client and server in one process. Latency: ${LATENCY_REQUESTS.toLocaleString('en')} requests one at a time to two bare `
    + 'applications, one of which none is sampled, and one of which every tenth is; wall clock, and of the last only those that are not sampled. CPU: '
    + `${CPU_REQUESTS} requests a round, ${AT_ONCE} at once, ${ROUNDS} rounds, a run of four spans each where it is sampled, with its line in the log. Heap: after forced collections, `
    + `${LEAK_WARMUP.toLocaleString('en')} requests in and again ${LEAK_REQUESTS.toLocaleString('en')} later; one of ten is sampled, one of a hundred asks for its spans, one of a thousand for a report.`,
  measure: () => (Object.keys(apps) as Framework[]).flatMap(figures),
  child,
}
