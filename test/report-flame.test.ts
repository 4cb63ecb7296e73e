import { describe, expect, test } from 'vitest'
import { renderFlameChart } from '../reports/flame-chart.ts'
import { axis } from '../reports/shared/flame/axis.ts'
import { renderText } from '../reports/text.ts'
import type { Analysis, SpanView } from '../src/model/analysis.ts'
import { drawn, finding, type Extras } from './support/analysis-fixture.ts'

/** The chart in a narrow terminal, without the axis. */
function chart(run: string, extras: Extras = {}, maxRows = 30): string[] {
  const [, ...lines] = renderFlameChart(drawn(run, extras), { width: 60, maxRows }).split('\n')
  return dedent(lines)
}

const picture = (text: string): string[] => dedent(text.split('\n').slice(1, -1))

const dedent = (lines: readonly string[]): string[] => {
  const margin = Math.min(...lines.map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(margin))
}

test('waiting, generating, a failed attempt and the wait after it', () => {
  expect(chart(`
    agent agent 0-100
      gpt llm 0-40 ttft=20
      gpt llm 40-100 fail=429:45-70 ttft=45
  `)).toEqual(picture(`
    agent      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
      gpt      ░░░░░░░░▓▓▓▓▓▓▓                         40.0 ms
      gpt                     xx··········░░░░░▓▓▓▓▓▓  60.0 ms
    ░ to the first token   ▓ generating   x failed attempt
    · wait before the next
  `))
})

test('what could have run together says with which, slack says how much', () => {
  expect(chart(`
    agent agent 0-100
      plan llm 0-20
      search tool 20-40 by=s1
      orders tool 40-50 by=s1
      a tool 50-100
      b tool 50-60
  `, { findings: [finding('PAR001', 'together', { spanIds: ['s2', 's3'] })] })).toEqual(picture(`
    agent      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
      plan     ▓▓▓▓▓▓▓                              20.0 ms
      search          ▒▒▒▒▒▒▒                       20.0 ms ←1
      orders                 ▒▒▒▒                   10.0 ms ←1
      a                         ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  50.0 ms
      b                         ▒▒▒▒ slack 40.0 ms  10.0 ms
    ▓ model   ▒ tool
  `))
})

test('notes stand beside their bars', () => {
  expect(chart(`
    agent agent 0-100
      a tool 0-20 by=s0
      b tool 20-40 by=s0
      c tool 80-99 by=s0
      d tool 99-100 failed=TypeError:no
  `, { findings: [finding('PAR001', 'together', { spanIds: ['s1', 's2', 's3'] })] })).toEqual(picture(`
    agent      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
      a        ▒▒▒▒▒▒▒                              20.0 ms ←1
      b               ▒▒▒▒▒▒▒ could run with a      20.0 ms ←1
      c                   could run with a ▒▒▒▒▒▒▒  19.0 ms ←1
      d                                TypeError ✗  1.00 ms
    ▒ tool   ✗ failed
  `))
})

describe('more spans than rows', () => {
  test('the shortest are hidden and counted', () => {
    expect(chart(`
      agent agent 0-100
        search tool 0-10
        search tool 10-40
        search tool 40-45
        lookup tool 50-52
        search tool 60-80
        tiny memory 90-91
    `, {}, 5)).toEqual(picture(`
      agent      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
        search   ▒▒▒▒                                    10.0 ms
        search      ▒▒▒▒▒▒▒▒▒▒▒▒                         30.0 ms
        search                  ▒▒                       5.00 ms
        search                         ▒▒▒▒▒▒▒▒          20.0 ms
      ▒ tool
      not drawn: 2 spans of at most 2.00 ms (lookup, tiny)
    `))
  })
  test('spans with an inner life keep rows of their own, equal leaves share one', () => {
    expect(chart(`
      agent agent 0-100
        turn internal 0-50
          gpt llm 0-40
          log internal 40-41
          log internal 42-43
        turn internal 50-100
          gpt llm 50-90
          log internal 90-91
    `, {}, 6)).toEqual(picture(`
      agent       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
        turn      ───────────────────                    50.0 ms
          gpt     ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓                        40.0 ms
          log ×2                ──                       2.00 ms
        turn                        ───────────────────  50.0 ms
          gpt                       ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓      40.0 ms
      ▓ model   ─ internal   ×n: total of n spans
      not drawn: 1 span of at most 1.00 ms (log)
    `))
  })
  test('a span that a finding names leaves its group, and the longest do', () => {
    expect(chart(`
      agent agent 0-100
        find tool 0-10
        find tool 10-90
        find tool 90-92
        find tool 92-99
    `, { findings: [finding('X', 'x', { spanIds: ['s3'] })] }, 4)).toEqual(picture(`
      agent           ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms
        find             ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒     80.0 ms
        find                                     ▒    2.00 ms ←1
        find ×2 more  ▒▒▒                        ▒▒▒  17.0 ms
      ▒ tool   ×n: total of n spans
    `))
  })
})

test('the axis has round moments, each where it is', () => {
  const at = (ms: number, columns: number): string => axis({ startNs: 0, endNs: ms * 1e6, columns })
  expect(at(4820, 40)).toBe('0 s ─── 1 s ─── 2 s ─── 3 s ───── 4.82 s')
  expect(at(90_000, 60)).toBe('0 s ──────── 20 s ─────── 40 s ──────── 60 s ──────── 90.0 s')
  expect(at(600_000, 50)).toBe('0 s ───── 2 min ─── 4 min ─── 6 min ─── 10 min 0 s')
  expect(at(0.25, 40)).toBe('0 s ─────────── 100 µs ────────── 250 µs')
  expect(at(0, 30)).toBe('0 s ───────────────────── 0 ns')
})

test('spans whose parent is not there, or that are their own, break nothing', () => {
  const run = drawn('a agent 0-10\n  b tool 0-5')
  const spans = run.spans.map((span, index) => (index === 0 ? span : { ...span, parentId: 'gone' }))
  expect(renderFlameChart({ ...run, spans })).toMatch(/^ {2}b /m)
  expect(renderFlameChart({ ...run, spans: run.spans.map((span) => ({ ...span, parentId: span.id })) }))
    .toContain('not drawn: 2 spans')
})

test('100,000 spans', () => {
  const spans: SpanView[] = []
  const add = (parentId: string | undefined, name: string, depth: number, startNs: number, durationNs: number): string => {
    const id = `s${spans.length}`
    spans.push({
      id, ...(parentId !== undefined && { parentId }), name, category: depth === 0 ? 'agent' : 'tool', depth, startNs,
      endNs: startNs + durationNs, durationNs, selfNs: durationNs, wallNs: 1, slackNs: 0, outcome: { state: 'ok' },
    })
    return id
  }
  const root = add(undefined, 'agent', 0, 0, 1e9)
  for (let turn = 0; turn < 2000; turn++) {
    const parent = add(root, 'turn', 1, turn * 5e5, 4.9e5)
    for (let call = 0; call < 49; call++) add(parent, `tool_${call % 5}`, 2, turn * 5e5 + call * 1e4, 9e3)
  }
  const analysis: Analysis = { ...drawn('agent agent 0-1000'), spans }
  const before = performance.now()
  const text = renderText(analysis)
  // Several times what it takes on a slow machine: rows are never built for what is hidden.
  expect(performance.now() - before).toBeLessThan(2_000)
  expect(text).toContain('turn ×2,000')
  expect(text).toContain('tool_0 ×20,000')
})
