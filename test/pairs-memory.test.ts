import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { recorded } from './support/recorded.ts'
import { Framework, provider } from './support/simulated.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

async function heapMb(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await turn()
    collectGarbage()
  }
  return process.memoryUsage().heapUsed / 1e6
}

test.each([
  { what: 'seen twice', isRecorded: true, tells: true },
  { what: 'told by the framework alone', isRecorded: false, tells: true },
  { what: 'of which the framework says nothing', isRecorded: true, tells: false },
])('runs of calls $what leave nothing behind', async ({ isRecorded, tells }) => {
  const { profiler } = recorded({ maxTraces: 4 })
  const [framework, otel] = [new Framework(profiler), new Framework(profiler, 'otel')]
  const { client, given } = provider()
  const send = client(isRecorded ? profiler : undefined)
  const call = (i: number): Promise<unknown> => profiler.run('agent', async () => {
    const text = `question ${i} ${'x'.repeat(500)}`
    const inner = otel.begin(undefined)
    await framework.ask(send, text, { tells })
    await send('other', `${text} and more`)
    otel.spans.end(inner.id)
  })
  for (let i = 0; i < 2_000; i++) await call(i)
  given.length = 0
  const before = await heapMb()
  for (let i = 0; i < 6_000; i++) await call(i)
  given.length = 0
  expect(await heapMb() - before).toBeLessThan(2)
  expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
})
