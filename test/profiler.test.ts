import { expect, test } from 'vitest'
import { Profiler } from 'spanwise'

test('a run records its spans by async context', async () => {
  let now = 0
  const profiler = new Profiler({ clock: { now: () => now, epochMs: () => 1_000 } })
  const search = profiler.tool('search', async (q: string) => {
    await null
    now += 10
    return `found ${q}`
  })
  const answer = await profiler.run('agent', async () => {
    now += 5
    return search('x')
  })
  expect(answer).toBe('found x')
  const { spans } = profiler.lastTrace!
  expect(spans.map(({ name, start, end, outcome }) => [name, start, end, outcome.state])).toEqual([
    ['agent', 0, 15e6, 'ok'],
    ['search', 5e6, 15e6, 'ok'],
  ])
})
