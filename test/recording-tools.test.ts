import { describe, expect, test } from 'vitest'
import { Profiler } from 'spanwise'
import { valueText } from '../src/record/value-text.ts'
import { checkTrace } from './laws.ts'
import { withoutHashes } from './support/recorded.ts'

const toolsOf = (profiler: Profiler) => profiler.lastTrace!.spans.map(({ tool }) => withoutHashes(tool!))
const hashesOf = (profiler: Profiler) => profiler.traces.map(({ spans }) => [spans[0]!.tool!.argumentsHash, spans[0]!.tool!.resultHash])

test('content full keeps what a tool got and gave', async () => {
  const profiler = new Profiler({ content: 'full' })
  await profiler.tool('lookup', async ({ id }: { id: number }) => ({ id, name: 'Ada' }))({ id: 7 })
  expect(toolsOf(profiler)).toEqual([{ name: 'lookup', arguments: '{"id":7}', result: '{"id":7,"name":"Ada"}' }])
  checkTrace(profiler.lastTrace!)
})

test('texts are kept as they are, several arguments as a list', () => {
  const profiler = new Profiler({ content: 'full' })
  profiler.tool('join', (a: string, b: string) => `${a}-${b}`)('x', 'y')
  expect(toolsOf(profiler)).toEqual([{ name: 'join', arguments: '["x","y"]', result: 'x-y' }])
})

test('content none keeps neither', () => {
  const profiler = new Profiler()
  profiler.tool('echo', (text: string) => text)('canary')
  expect(JSON.stringify(profiler.lastTrace)).not.toContain('canary')
})

test('a tool that fails keeps its arguments', async () => {
  const profiler = new Profiler({ content: 'full' })
  const fail = profiler.tool('fail', async (_n: number) => Promise.reject(new RangeError('too far')))
  await expect(fail(1)).rejects.toThrow('too far')
  expect(toolsOf(profiler)).toEqual([{ name: 'fail', arguments: '1' }])
})

test('a value is written in bounds, whatever it is', () => {
  const circular: Record<string, unknown> = { a: 1 }
  circular['self'] = circular
  const shared = { x: 1 }
  const angry = { get boom(): never { throw new Error('no') } }
  let deep: unknown = 'end'
  for (let i = 0; i < 10_000; i++) deep = [deep]
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect([
    valueText({ a: [1, 'two', null, undefined, true], f: () => 1, n: 10n, s: Symbol('s') }, 100),
    valueText(circular, 100),
    valueText([shared, shared], 100),
    valueText(angry, 100),
    valueText(proxy, 100),
    valueText(new Map([[1, 2]]), 100),
    valueText(new Uint8Array(3), 100),
    valueText({ when: new Date(0), error: new TypeError('bad') }, 100),
  ]).toEqual([
    '{"a":[1,"two",null,null,true],"n":10n,"s":[symbol]}',
    '{"a":1,"self":[circular]}',
    '[{"x":1},{"x":1}]',
    '{[unreadable]',
    '[unreadable]',
    '[unseen Map]',
    '[3 bytes]',
    '{"when":"1970-01-01T00:00:00.000Z","error":"TypeError: bad"}',
  ])
  expect(valueText(deep, 1_000)).toContain('[deeper]')
  for (const value of ['x'.repeat(500), { k: 'x'.repeat(500) }, Array.from({ length: 500 }, (_, i) => i), { ['k'.repeat(500)]: 1 }]) {
    expect(valueText(value, 50)).toHaveLength(50)
    expect(valueText(value, 50).endsWith('…')).toBe(true)
  }
})

describe('hashes', () => {
  test('are equal for equal arguments and results, and the texts are not kept', () => {
    const profiler = new Profiler()
    const add = profiler.tool('add', ({ a, b }: { a: number; b: number }) => a + b)
    add({ a: 1, b: 2 })
    add({ a: 1, b: 2 })
    add({ a: 2, b: 1 })
    const [one, two, three] = hashesOf(profiler)
    expect(one).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{16}$/)])
    expect(two).toEqual(one)
    expect(three![0]).not.toBe(one![0])
    expect(three![1]).toBe(one![1])
    expect(JSON.stringify(profiler.traces)).not.toContain('"a"')
  })

  test('a text that was cut has none', () => {
    const profiler = new Profiler({ content: 'full', limits: { maxToolChars: 100 } })
    profiler.tool('echo', (text: string) => text.length)('x'.repeat(200))
    profiler.tool('long', (n: number) => 'x'.repeat(n))(40_000)
    expect(hashesOf(profiler)).toEqual([[undefined, expect.any(String)], [expect.any(String), undefined]])
  })

  test('a tool that failed, or gave nothing, has none of a result', () => {
    const profiler = new Profiler()
    profiler.tool('nothing', () => undefined)()
    expect(hashesOf(profiler)).toEqual([[expect.any(String), undefined]])
  })
})
