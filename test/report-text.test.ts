import stringWidth from 'fast-string-width'
import { describe, expect, test } from 'vitest'
import { terminalReports } from '../reports/index.ts'
import { renderText } from '../reports/text.ts'
import { analyze, Profiler } from '../src/index.ts'
import { drawn, finding, manyTurns, supportAgent } from './support/analysis-fixture.ts'

const golden = (name: string): string => `./golden/${name}`
const section = (text: string, title: string): string =>
  text.split('\n\n').find((part) => part.startsWith(title)) ?? ''

describe('goldens', () => {
  for (const { name, extension, render } of terminalReports) {
    for (const width of [80, 120]) {
      test(`${name} at ${width} columns`, async () => {
        await expect(`${render(supportAgent, { width })}\n`).toMatchFileSnapshot(golden(`${name}-${width}.${extension}`))
      })
    }
  }
  test('text of a run with more spans than rows', async () => {
    await expect(`${renderText(manyTurns)}\n`).toMatchFileSnapshot(golden('text-many-80.txt'))
  })
  test('text in ASCII', async () => {
    const text = renderText(supportAgent, { ascii: true })
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)
    await expect(`${text}\n`).toMatchFileSnapshot(golden('text-ascii-80.txt'))
  })
})

describe('how a run ended', () => {
  test('without spans', () => {
    expect(renderText(drawn('', { name: 'nothing' }))).toBe([
      'nothing   no spans were recorded',
      '',
      'What to do  nothing found: no change that this trace can show would save time,',
      '            tokens or money',
      '',
      'Profiler   400 µs of its own (0.01 % of the run), 0 spans dropped',
    ].join('\n'))
  })
  test('of no length', () => {
    expect(renderText(drawn('agent agent 5-5'))).toContain('agent   0 ns   no LLM calls')
  })
  test('failed, with the span that failed', () => {
    const text = renderText(drawn(`
      agent agent 0-100 failed=TypeError:boom
        search tool 10-40 failed=TypeError:boom
        answer llm 50-90 state=cancelled
        log internal 60-130 late
        watch internal 70-90 state=open
    `))
    expect(text).toContain('1 LLM call · 1 tool call (1 failed)\n✗ failed   TypeError: boom\n')
    expect(text).toMatch(/ {2}search +▒+✗ TypeError +30\.0 ms/)
    expect(text).toMatch(/ {2}answer .*▓+ cancelled/)
    expect(text).toMatch(/ {2}log .*late ─+/)
    expect(text).toMatch(/ {2}watch .*─+> open/)
  })
  test('open and cancelled', () => {
    expect(renderText(drawn('agent agent 0-9 state=open'))).toContain('\nnot ended: this is the run as far as it was recorded\n')
    expect(renderText(drawn('agent agent 0-9 state=cancelled'))).toContain('\ncancelled before it was done\n')
  })
})

describe('absent is not zero', () => {
  const run = (calls: string): string => renderText(drawn(`agent agent 0-100\n${calls}`), { width: 120 })
  test('without LLM calls nothing is said of tokens and money', () => {
    const text = run('  search tool 0-50')
    expect(text).not.toMatch(/tokens? (in|unknown)|\$|cost|Models|Context/)
    expect(text).toContain('no LLM calls · 1 tool call')
  })
  test('unknown usage and price', () => {
    const text = run('  m llm 0-50')
    expect(text).toContain('cost unknown   tokens unknown   1 LLM call')
    expect(section(text, 'Models')).toMatch(/ m +1 +unknown +– +unknown +unknown +– +–$/m)
  })
  test('some prices unknown', () => {
    const text = run('  m llm 0-50 in=1000 out=10 usd=0.0123\n  n llm 50-60 in=5 out=5\n  n llm 60-70 in=5 out=5')
    expect(text).toContain('≥ $0.0123 (2 calls without price)   1,010 tokens in, 20 out')
  })
  test('some usage unknown', () => {
    expect(run('  m llm 0-50 in=1000 out=10 usd=1.239\n  m llm 50-60'))
      .toContain('≥ $1.24 (1 call without price)   ≥ 1,000 tokens in, ≥ 10 out')
  })
  test('estimated', () => {
    const text = run('  m llm 0-50 in=1000 out=10 usd=0.000041 about=')
    expect(text).toContain('~$0.000041   ~1,000 tokens in, ~10 out')
    expect(text).toContain('~1,000 → ~10')
  })
  test('notes are shown, and how many more there are', () => {
    const problems = Array.from({ length: 11 }, (_, index) => ({ code: 'price', message: `no price for model-${index}` }))
    const text = renderText(drawn('agent agent 0-9', { problems }))
    expect(section(text, 'Notes'))
      .toMatch(/^Notes {6}no price for model-0\n {11}no price for model-1\n[^]*\n {11}and 3 more\nProfiler/)
  })
  test('what was dropped', () => {
    const dropped = { spans: 1204, contentChars: 7, parts: 1 }
    const overhead = { selfNs: 2e9, share: 0.2, dropped, selfErrors: 2 }
    const text = renderText(drawn('agent agent 0-9', { overhead }), { width: 120 })
    expect(text).toContain('Profiler   2.00 s of its own (20 % of the run), '
      + '1,204 spans, 1 part, 7 characters of content dropped; 2 errors of its\n           own, swallowed')
  })
})

describe('sections', () => {
  test('context: an unknown window, and a warning that no observation repeats', () => {
    const call = { spanId: 's0', number: 1, model: 'my-model', usedTokens: 1200 }
    expect(renderText(drawn('agent agent 0-9', { context: { calls: [call] } })))
      .toContain('Context    at most 1,200 tokens of an unknown window (my-model, call 1)')
    const peak = { ...call, windowTokens: 2000, share: 0.6 }
    expect(renderText(drawn('agent agent 0-9', { context: { calls: [peak], peak, warning: 'past half' } })))
      .toContain('Context    peak 60 % of 2,000: 1,200 tokens (my-model, call 1)\n           past half\n')
  })
  test('retries, where no finding tells of them', () => {
    expect(renderText(drawn('agent agent 0-100\n  m llm 0-100 fail=429:10-60')))
      .toContain('Retries    1 failed attempt in 1 call (429 ×1): 60.0 ms with the waits after\n           them\n')
    expect(renderText(supportAgent)).not.toContain('Retries')
  })
  test('savings of every kind', () => {
    const findings = [
      finding('A1', 'interval', { saving: { timeNs: { low: 3e8, high: 4.8e8 } } }),
      finding('A2', 'two units', { saving: { timeNs: { low: 9e8, high: 1.2e9 } }, confidence: 'possible' }),
      finding('A3', 'from nothing', { saving: { costUsd: { low: 0, high: 0.5 } }, confidence: 'likely' }),
      finding('A4', 'equal bounds', { saving: { tokens: { low: 7, high: 7 } } }),
      finding('A5', 'none', { saving: {} }),
    ]
    const text = section(renderText(drawn('agent agent 0-9', { findings })), 'What to do')
    expect(text.split('\n').filter((line) => /A\d/.test(line)).map((line) => line.trim().replace(/ {2,}/g, ' | '))).toEqual([
      '1 | A1 | interval | 300 to 480 ms | proven',
      '2 | A2 | two units | 900 ms to 1.20 s | possible',
      '3 | A3 | from nothing | up to $0.5000 | likely',
      '4 | A4 | equal bounds | 7 tokens | proven',
      '5 | A5 | none | ? | proven',
    ])
  })
  test('long lists say how much more there is', () => {
    const findings = Array.from({ length: 20 }, (_, index) => finding('X', `finding ${index}`))
    const observations = findings.slice(0, 11).map(({ title }) => ({ code: 'Y', title, spanIds: [] }))
    const text = renderText(drawn('agent agent 0-9', { findings, observations }))
    expect(text).toContain('\n  and 12 more findings\n')
    expect(text).toContain('\n  and 5 more observations\n')
  })
})

test('a name in Chinese and one with emoji take the columns that terminals give them', () => {
  const text = renderText(drawn(`
    agent agent 0-100
      a llm 0-40 in=1 out=1
      b tool 40-70
      c tool 70-100
  `, { names: { s1: '搜索知识库', s2: '👩‍🔬 labs 🇩🇪', s3: 'plain' } }))
  const rows = section(text, 'Flame chart').split('\n').slice(1, 5)
  expect(new Set(rows.map((row) => stringWidth(row))).size).toBe(1)
  expect(text).toContain('👩‍🔬 labs 🇩🇪')
})

test('a recorded run, as it is analysed', async () => {
  let now = 0
  const profiler = new Profiler({ clock: { now: () => now, epochMs: () => 0 } })
  const work = async (ms: number): Promise<void> => {
    await null
    now += ms
  }
  const search = profiler.tool('search', work)
  const fails = profiler.tool('fails', async () => {
    await work(30)
    throw new RangeError('\x1b[31mout of\nrange')
  })
  await profiler.run('agent', async () => {
    await search(50)
    await profiler.span('notes', () => work(15), { category: 'memory' })
    await fails().catch(() => undefined)
    await work(5)
  })
  const text = renderText(analyze(profiler.lastTrace!))
  const cells = (line: string): string[] => line.split(/ {2,}/).filter((part) => !/^[█-▏]/.test(part))
  expect(section(text, 'Time by category').split('\n').map(cells))
    .toEqual([
      ['Time by category', 'wall', 'share', 'busy', 'spans'],
      ['', 'tool', '80.0 ms', '80 %', '80.0 ms', '2', '1 failed'],
      ['', 'memory', '15.0 ms', '15 %', '15.0 ms', '1'],
      ['', 'agent', '5.00 ms', '5 %', '5.00 ms', '1'],
    ])
  expect(section(text, 'Flame chart')).toMatch(/^ {4}fails .*RangeError ▒+✗ +30\.0 ms/m)
  expect(section(text, 'Observations')).toContain('fails failed: RangeError: out of range')
})

test('options that are none', () => {
  expect(() => renderText(supportAgent, { width: Number.NaN })).toThrow('width must be a number of columns, got NaN')
  expect(() => renderText(supportAgent, { width: -1 })).toThrow(TypeError)
  expect(() => renderText(supportAgent, { maxRows: 0 })).toThrow('maxRows must be a positive number, got 0')
  expect(renderText(supportAgent, { width: 0 })).toBe(renderText(supportAgent))
  expect(renderText(supportAgent, { width: 7 })).toBe(renderText(supportAgent, { width: 40 }))
})
