import { afterAll, beforeAll, expect, test } from 'vitest'
import { build, type Built } from './support/built.ts'

let built: Built
beforeAll(async () => { built = await build() })
afterAll(() => built.remove())

test('the process ends when the program does, whatever is still open', () => {
  const { status, stdout, ms } = built.run(`
    import { Profiler } from 'spanwise'
    const profiler = new Profiler({ resources: true })
    profiler.on('runEnd', () => {})
    await profiler.run('agent', async () => { profiler.start('left open') })
    profiler.run('never ends', () => new Promise(() => {}))
    profiler.tool('rows', function* () { yield 1 })().next()
    console.log(profiler.traces.length)
  `)
  expect({ status, stdout }).toEqual({ status: 0, stdout: '1\n' })
  expect(ms).toBeLessThan(5_000)
})

test('importing leaves nothing behind: no timer, no handler, no global but symbols of its own', () => {
  const { stdout, stderr } = built.run(`
    const look = () => ({
      resources: process.getActiveResourcesInfo().filter((name) => /Time|Immediate/.test(name)),
      events: process.eventNames().map(String).sort(),
      globals: Reflect.ownKeys(globalThis).map(String).sort(),
    })
    const before = look()
    await import('spanwise')
    await import('spanwise/openai')
    const after = look()
    console.log(JSON.stringify([after.resources, after.events.filter((name) => !before.events.includes(name)), after.globals.filter((name) => !before.globals.includes(name))]))
  `)
  expect(stderr).toBe('')
  const [resources, events, globals] = JSON.parse(stdout) as string[][]
  expect([resources, events]).toEqual([[], []])
  expect(globals!.filter((name) => !/^Symbol\(spanwise\.\w+\.v1\)$/.test(name))).toEqual([])
})

test('as many rejections go unhandled as without it, and the same ones', () => {
  const { stdout } = built.run(`
    import { Profiler } from 'spanwise'
    const seen = []
    process.on('unhandledRejection', (reason) => seen.push(reason.message))
    const bare = { run: (_, fn) => fn(), span: (_, fn) => fn(), tool: (_, fn) => fn }
    const counts = []
    for (const profiler of [bare, new Profiler(), new Profiler({ enabled: false }), new Profiler({ sampleRate: 0 })]) {
      seen.length = 0
      const reject = profiler.tool('tool', async (name) => { await null; throw new Error(name) })
      const items = profiler.tool('items', async function* () { throw new Error('generator') })
      reject('nobody')
      reject('once').catch(() => {})
      const twice = reject('twice')
      twice.catch(() => {})
      twice.then(() => {}, () => {})
      reject('passed on').finally(() => {})
      profiler.run('agent', () => reject('run'))
      profiler.span('span', () => reject('span')).catch(() => {})
      items().next()
      items().next().catch(() => {})
      Promise.all([reject('all 1'), reject('all 2')]).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 5))
      counts.push(seen.toSorted())
    }
    console.log(JSON.stringify(counts))
  `)
  const counts = JSON.parse(stdout) as string[][]
  expect(counts[0]).toEqual(['generator', 'nobody', 'passed on', 'run'])
  for (const other of counts.slice(1)) expect(other).toEqual(counts[0])
})

test('the default profiler reads the environment', () => {
  const script = `
    import { profiler } from 'spanwise'
    profiler.run('agent', () => {})
    console.log(profiler.enabled, profiler.traces.length)
  `
  expect(built.run(script).stdout).toBe('true 1\n')
  expect(built.run(script, { SPANWISE: '0' }).stdout).toBe('false 0\n')
  expect(built.run(script, { SPANWISE_SAMPLE_RATE: '0' }).stdout).toBe('true 0\n')
  expect(built.run(script, { SPANWISE_SAMPLE_RATE: 'much' }).stdout).toBe('true 1\n')
})
