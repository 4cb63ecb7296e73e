import { describe, expect, test } from 'vitest'
import { speedscopeReport } from '../reports/speedscope.ts'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { draw, text } from './draw.ts'
import { drawn } from './support/analysis-fixture.ts'
import { longTrace } from './support/random-run.ts'
import { speedscopeFaults } from './support/speedscope.ts'

interface File {
  readonly shared: { readonly frames: readonly { readonly name: string; readonly file: string }[] }
  readonly profiles: readonly {
    readonly name: string
    readonly startValue: number
    readonly endValue: number
    readonly events: readonly { readonly type: 'O' | 'C'; readonly frame: number; readonly at: number }[]
  }[]
}

const fileOf = (analysis: Analysis): File => JSON.parse(speedscopeReport.render(analysis)) as File

/** Each profile with its frames as they open and close, in milliseconds. */
function show(analysis: Analysis): string {
  const { shared: { frames }, profiles } = fileOf(analysis)
  return profiles.map(({ name, startValue, endValue, events }) => [
    `${name} ${startValue / 1e6}-${endValue / 1e6}`,
    ...events.map(({ type, frame, at }) => `  ${type} ${frames[frame]!.name} (${frames[frame]!.file}) ${at / 1e6}`),
  ].join('\n')).join('\n')
}

test('a profile per lane, all on one axis', () => expect(show(analyze(draw(`
  agent 0-50
    a 0-20 tool
      inner 5-20
    b 10-40 tool
    a 30-60 tool
`)))).toBe(text(`
  agent 0-60
    O agent (agent) 0
    O a (tool) 0
    O inner (internal) 5
    C inner (internal) 20
    C a (tool) 20
    C agent (agent) 50
  agent (lane 2) 0-60
    O b (tool) 10
    C b (tool) 40
  agent (lane 3) 0-60
    O a (tool) 30
    C a (tool) 60
`)))

test('attempts and waits are frames; a run without spans has an empty profile', () => {
  expect(show(analyze(draw(`
    agent 0-100
      answer 10-90 llm model=m attempts=10-30:429,50-90:200
  `)))).toContain(text(`
    O answer (llm) 10
      O attempt 1: 429 (attempt) 10
      C attempt 1: 429 (attempt) 30
      O wait (wait) 30
      C wait (wait) 50
  `).replace(/^ */gm, '  '))
  const empty = drawn('', { name: '' })
  expect(speedscopeFaults(fileOf(empty))).toEqual([])
  expect(show(empty)).toBe('(no name) 0-0')
})

test('names are data', () => {
  const name = '"],\u001b\n__proto__\ud800'
  const file = fileOf(drawn('agent agent 0-100', { names: { s0: name }, name }))
  expect(speedscopeFaults(file)).toEqual([])
  expect(file.shared.frames[0]!.name).toBe(name)
})

test('a long run is valid', () => {
  const file = fileOf(analyze(longTrace(20_000)))
  expect(speedscopeFaults(file)).toEqual([])
  expect(file.profiles).toHaveLength(4)
})

describe('the check itself', () => {
  const file = (events: readonly unknown[], more: object = {}): unknown => ({
    $schema: 'https://www.speedscope.app/file-format-schema.json', shared: { frames: [{ name: 'a' }, { name: 'b' }] },
    profiles: [{ type: 'evented', name: 'p', unit: 'nanoseconds', startValue: 0, endValue: 9, events }], ...more,
  })
  const event = (type: string, frame: number, at: number): unknown => ({ type, frame, at })
  test.each([
    ['not at the top', file([event('O', 0, 0), event('O', 1, 1), event('C', 0, 2), event('C', 1, 3)])],
    ['never close', file([event('O', 0, 0)])],
    ['outside', file([event('O', 0, 0), event('C', 0, 10)])],
    ['is after 5', file([event('O', 0, 5), event('C', 0, 4)])],
    ['no frame 2', file([event('O', 2, 0), event('C', 2, 1)])],
    ['/profiles/0/events/0', file([event('B', 0, 0)])],
    ['additional properties', file([], { extra: 1 })],
    ['/$schema', file([], { $schema: 'other' })],
    ["required property 'frames'", file([], { shared: {} })],
    ['no profile', file([], { profiles: [] })],
  ])('finds: %s', (fault, invalid) => {
    expect(speedscopeFaults(invalid).join('\n')).toContain(fault)
  })
})
