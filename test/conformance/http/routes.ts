import { gzipSync } from 'node:zlib'
import type { Profiler } from 'spanwise'
import { gate, type Gate } from '../../support/provider-server.ts'
import type { Handler, Routes } from './apps.ts'

/** What the application of the tests answers. */
export interface Site {
  readonly routes: Routes
  /** Lets the next event of `/events` go. */
  readonly gates: Gate[]
  /** Resolves when a handler saw its client go. */
  readonly left: Promise<void>
  /** Resolves when `/silent` is asked. */
  readonly silent: Promise<void>
  /** `/work` begins when so many are at it. */
  crowd(of: number): void
}

const ZIPPED: Buffer = gzipSync('some text that is worth its compression, '.repeat(20))
const BIG: Buffer = Buffer.alloc(9_000_000, 'x')

export function site(profiler: Profiler): Site {
  const gates = [gate(), gate(), gate()]
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  let fall = (): void => {}
  const silent = new Promise<void>((resolve) => (fall = resolve))
  const all = gate()
  let missing = 0
  const together = async (): Promise<void> => {
    if (--missing <= 0) all.open()
    await all.opened
  }
  const step = profiler.tool('step', async (name: string) => `${name} done`)

  async function* events(): AsyncGenerator<string> {
    for (const [i, { opened }] of gates.entries()) {
      await opened
      yield `data: ${await step(`event ${i}`)}\n\n`
    }
  }

  const json: Handler = async () => ({
    status: 201, headers: { 'content-type': 'application/json; charset=utf-8', 'x-app': 'yes', 'set-cookie': ['a=1; Path=/', 'b=2; Path=/'] }, body: JSON.stringify({ step: await step('json') }),
  })
  const routes: Routes = {
    'GET /json': json,
    'GET /seen': ({ url, query }) => ({ headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${url} ${JSON.stringify(query)}` }),
    'GET /users/:id': ({ params }) => ({ headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `user ${params['id']}` }),
    'GET /empty': () => ({ status: 204, headers: { 'x-app': 'empty' } }),
    'GET /same': () => ({ status: 304, headers: { etag: '"1"' } }),
    'GET /away': () => ({ status: 302, headers: { location: '/json' }, body: 'over there' }),
    'GET /zipped': () => ({ headers: { 'content-type': 'text/plain', 'content-encoding': 'gzip' }, body: ZIPPED }),
    'GET /big': () => ({ headers: { 'content-type': 'application/octet-stream' }, body: BIG }),
    'GET /broken': async () => {
      await step('before')
      throw new RangeError('out of reach')
    },
    'GET /refused': () => ({ status: 503, headers: { 'content-type': 'text/plain' }, body: 'later' }),
    'GET /missing': () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'no such thing' }),
    'GET /events': ({ onGone }) => {
      onGone(leave)
      return { headers: { 'content-type': 'text/event-stream' }, body: events() }
    },
    'GET /silent': ({ onGone }) => {
      onGone(leave)
      fall()
      return new Promise<never>(() => {})
    },
    'GET /deep/:levels': ({ params }) => ({ headers: { 'content-type': 'text/plain' }, body: deep(profiler, Number(params['levels'])) }),
    'POST /echo': async ({ body }) => ({ headers: { 'content-type': 'text/plain' }, body: `${await step('echo')}: ${body}` }),
    'GET /work/:id': async ({ params }) => await together().then(async () => ({ headers: { 'content-type': 'text/plain' }, body: await work(profiler, params['id']!) })),
    'POST /work/:id': async ({ params, body }) => await together().then(async () => ({ headers: { 'content-type': 'text/plain' }, body: `${await work(profiler, params['id']!)} ${body}` })),
  }
  return { routes, gates, left, silent, crowd: (of) => void (missing = of) }
}

const deep = (profiler: Profiler, levels: number): string =>
  (levels === 0 ? 'bottom' : profiler.span(`level ${levels}`, () => deep(profiler, levels - 1)))

/** Parallel and nested work, which lets others go on at each step. Each span says whose it is. */
async function work(profiler: Profiler, id: string): Promise<string> {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const one = (name: string, more: number): Promise<void> => profiler.span(`${name} of ${id}`, async () => {
    await turn()
    if (more > 0) await Promise.all([one('left', more - 1), one('right', more - 1)])
    await turn()
  })
  await Promise.all([one('first', 1), one('second', 1)])
  return `work ${id}`
}
