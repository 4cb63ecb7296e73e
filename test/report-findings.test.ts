import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { analyze, type Analysis } from 'spanwise'
import { renderMarkdown } from '../reports/markdown.ts'
import { handlesFor, spanList } from '../reports/shared/handles.ts'
import { llmTime } from '../reports/shared/phases.ts'
import { widthOf } from '../reports/shared/text.ts'
import { renderText } from '../reports/text.ts'
import { spanHandles, spanNamed } from '../src/cli/span-view.ts'
import type { CacheBreak } from '../src/model/analysis.ts'
import { draw } from './draw.ts'
import { drawn, finding, supportAgent } from './support/analysis-fixture.ts'
import { CLAUDE, recordedTurns, traceOf, type Said, type Turn } from './support/cached-conversation.ts'
import { goldenAnalysis } from './support/golden-run.ts'
import { root } from './support/source.ts'
import { withValues } from './support/valued.ts'

/** The part of a report from a line that begins so to the next empty line. */
function section(text: string, title: string): string[] {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => line.startsWith(title))
  if (from < 0) return []
  const length = lines.slice(from).findIndex((line) => line === '')
  return lines.slice(from, length < 0 ? undefined : from + length)
}
const joined = (lines: readonly string[]): string => lines.join(' ').replace(/ +/g, ' ')
const wide = (analysis: Analysis): string => renderText(analysis, { width: 120 })

describe('docs/findings', () => {
  const folder = `${root}docs/findings/`
  const read = (path: string): string => readFileSync(path, 'utf8')
  const codesIn = (text: string): string[] => [...new Set([...text.matchAll(/'([A-Z]{2,8}\d{3})'/g)].map(([, code = '']) => code))].sort()
  const detectors = `${root}src/analyze/findings/`
  const codes = codesIn(readdirSync(detectors).map((file) => read(detectors + file)).join('\n'))

  test('the detectors have a page for each of their codes, and the index a line for each page', () => {
    expect(codes.length).toBeGreaterThan(20)
    const pages = readdirSync(folder).filter((file) => file !== 'README.md').map((file) => file.replace('.md', '')).sort()
    expect(pages).toEqual(codes)
    const lines = [...read(`${folder}README.md`).matchAll(/^- \[(\w+)\]\((\w+)\.md\): (.+)$/gm)]
    expect(lines.map(([, code]) => code).sort()).toEqual(codes)
    for (const [, code, target, title] of lines) {
      expect(target).toBe(code)
      expect(read(`${folder}${code}.md`).split('\n')[0]).toBe(`# ${code}: ${title}`)
    }
  })

  test('the codes that the command knows are those of the detectors', () => {
    const path = `${root}src/cli/finding-codes.ts`
    if (existsSync(path)) expect(codesIn(read(path))).toEqual(codes)
  })

  test.each(codes)('%s: what it means, how it is proven, when it is wrong, what to do, an example', (code) => {
    const [title = '', ...parts] = read(`${folder}${code}.md`).trim().split('\n\n')
    expect(title).toMatch(/^# [A-Z]+\d{3}: \S/)
    expect(parts[0]).toMatch(/^[A-Z]/)
    const bold = parts.flatMap((part) => /^\*\*(.+?)\.\*\*/.exec(part)?.[1] ?? [])
    expect(bold.map((head) => head.replace('shown', 'proven'))).toEqual(['How it is proven', 'When it is wrong', 'What to do', 'Example'])
  })
})

describe('spans of a finding', () => {
  test('are the handles that the command takes', () => {
    const handles = spanHandles(goldenAnalysis)
    const own = handlesFor(goldenAnalysis.spans.map(({ id }) => id), goldenAnalysis.spans)
    for (const { id } of goldenAnalysis.spans) {
      expect(own.get(id)).toBe(handles.get(id)?.handle)
      expect(spanNamed(own.get(id)!, goldenAnalysis, handles).id).toBe(id)
    }
    const alike = ['aa00112233', 'bb00112233', 'cc99112233'].map((id) => ({ id }))
    expect([...handlesFor(alike.map(({ id }) => id), alike).values()]).toEqual(['a00112233', 'b00112233', '9112233'])
  })

  test('are three at most, and how many more', () => {
    const handles = new Map(['a', 'b', 'c', 'd', 'e'].map((id) => [id, `000${id}`]))
    expect(spanList(['a', 'b', 'c', 'd', 'e'], handles)).toBe('000a 000b 000c +2')
    expect(spanList(['a', 'b', 'c'], handles)).toBe('000a 000b 000c')
    expect(spanList([], handles)).toBe('')
  })

  test('stand behind the advice, and the section says what they and the codes are for', () => {
    const found = section(renderText(goldenAnalysis), 'What to do')
    expect(joined(found)).toContain('requests, or a higher limit from the provider. [0009 0015]')
    expect(found.at(-1)).toBe('  [ ] spans, for: spanwise show <run> <span> · codes: docs/findings/<CODE>.md')
    expect(renderMarkdown(goldenAnalysis)).toContain('<br>spans `0009 0015`')
  })
})

test('advice that differs in a name alone is given once', () => {
  const advice = (tool: string): string => `Look inside ${tool}: a missing index, a cold connection, a payload larger than needed.`
  const findings = ['Bash', 'Edit', 'Grep'].map((tool) => finding('TOOL002', `${tool} is slow`, { advice: advice(tool), spanIds: ['s0'] }))
  const text = renderText(drawn('agent agent 0-9', { findings: [...findings, finding('TOOL001', 'Bash takes all', { advice: advice('Bash') })] }))
  expect(text.match(/Look inside/g)).toHaveLength(2)
  expect(text).toMatch(/Edit is slow \[s0\] +480 ms {2}proven/)
})

describe('evidence in words', () => {
  const analysis = analyze(withValues(`
    agent 0-1000
      find_order 10-200 tool
      weather 210-400 tool
      refund 410-600 tool
      fetch_rates 610-900 retrieval
  `, {
    find_order: { known: 5 }, weather: { known: 6 }, refund: { known: 205, from: ['find_order'], shares: ['find_order'] }, fetch_rates: { known: 5 },
  }))
  test('since when the input was known, and what has to wait for what', () => {
    const found = joined(section(renderText(analysis), 'What to do'))
    expect(found).toContain('PAR003 Run weather, refund and fetch_rates together')
    expect(found).toContain('what refund was called with was known 205 ms before it began')
    expect(found).toContain('Has to stay in order: refund got an identifier from find_order')
    const markdown = renderMarkdown(analysis)
    expect(markdown).toContain('<br>what `fetch_rates` was called with was known 605 ms before it began<br>')
    expect(markdown).toContain(' Has to stay in order: `refund` got an identifier from `find_order`.')
  })
  test('not where there is none', () => {
    expect(renderText(goldenAnalysis)).not.toMatch(/Has to stay in order|was known/)
  })
})

describe('LLM time', () => {
  const analysis = analyze(draw(`
    agent 0-3000
      plan 0-1000 llm model=gpt-4.1 in=1000 cached=0 out=51 first=600 last=900 attempts=10-110:429,210-560:200 asks=look#c1
      look 1000-1100 tool call=c1 by=plan
      answer 1400-2600 llm model=gpt-4.1 in=2000 cached=0 out=101 first=1900 last=2500 attempts=1410-1700:200 carries=c1
  `))
  test('falls into stretches, the largest first, that add up to the calls', () => {
    const { phases, callNs, gaps, slowest } = llmTime(analysis)!
    expect(callNs).toBe(2200e6)
    expect(phases.reduce((sum, { timeNs }) => sum + timeNs, 0)).toBe(callNs)
    expect(phases.map(({ timeNs }) => timeNs)).toEqual(phases.map(({ timeNs }) => timeNs).toSorted((a, b) => b - a))
    expect(phases.map(({ name, timeNs }) => `${name} ${timeNs / 1e6}`)).toEqual(
      expect.arrayContaining(['decode 900', 'failed attempts 100', 'back-off 100', 'before sending 20']))
    expect(slowest.number).toBe(2)
    expect(gaps).toMatchObject({ count: 1, timeNs: 300e6 })
  })
  test('in the report', () => {
    const lines = section(wide(analysis), 'LLM time')
    expect(lines[0]).toMatch(/^LLM time {2}2\.20 s in 2 calls +time +share +p50 +max$/)
    expect(lines.some((line) => /^ {2}decode 168 tok\/s +█+.? +900 ms +41 % +300 ms +600 ms$/.test(line))).toBe(true)
    expect(joined(lines)).toContain('between calls 300 ms (10 % of the run) in which nothing recorded ran, up to 300 ms before call 2')
    expect(joined(lines)).toMatch(/slowest: call 2 \(gpt-4\.1\) 1\.20 s: decode 600 ms, .*, 168 tok\/s \[0004\]/)
    const markdown = renderMarkdown(analysis)
    expect(markdown).toContain('<summary>LLM time: 2.20 s in 2 calls</summary>')
    expect(markdown).toContain('| decode | 900 ms | 41 % | 300 ms | 600 ms |')
  })
  test('nothing is taken apart where only durations are known', () => {
    const text = renderText(analyze(draw('agent 0-100\n  a 0-50 llm model=gpt-4.1 in=5 out=5\n  b 50-100 llm model=gpt-4.1 in=5 out=5')))
    expect(text).not.toMatch(/LLM time|not told apart/)
  })
  test('the price of input in time, with its interval and how many calls it comes from', () => {
    const latency = { model: 'gpt-4.1', provider: 'openai', calls: 40, tokens: { low: 1000, high: 36_000 } }
    const fit = { nsPerThousandTokens: 80e6, interval: { low: 71e6, high: 92e6 }, interceptNs: 1.02e9 }
    const text = (low: number): string => joined(section(wide({ ...analysis, latency: [{ ...latency, fit: { ...fit, interval: { low, high: 92e6 } } }] }), 'LLM time'))
    expect(text(71e6)).toContain('first token of gpt-4.1: 1.02 s + 80.0 ms per 1,000 uncached tokens (95 %: 71.0 to 92.0 ms, n = 40)')
    expect(text(-5e6)).toContain('(95 %: below 92.0 ms, may be nothing, n = 40)')
    expect(wide({ ...analysis, latency: [{ ...latency, reason: 'too few calls' }] })).not.toContain('uncached tokens')
  })
})

test('what halving an operation saves, and that it may save nothing', () => {
  const text = renderText(analyze(draw(`
    agent 0-1000
      search_kb 0-800 tool
      embed 0-500 tool
      write 800-1000 tool
  `)))
  const rows = section(text, 'Slowest operations')
  expect(rows[0]).toMatch(/halved saves$/)
  const saved = (name: string): string | undefined => rows.find((row) => row.trim().startsWith(name))?.split(/ {2,}/).at(-1)
  expect([saved('search_kb'), saved('write'), saved('embed')]).toEqual(['300 ms', '100 ms', 'nothing'])
})

describe('prompt cache', () => {
  const turns = recordedTurns('claude-sonnet-4-5-20250929')
  const changed = (request: readonly Said[], at: number): readonly Said[] => {
    const said = request.map((one) => (one.kind === 'system' ? { ...one, text: `Time ${at >> 1}. ${one.text}` } : one))
    return at < 6 ? said : [said[1]!, said[0]!, ...said.slice(2)]
  }
  const broken = turns.map((turn, at): Turn => ({ ...turn, request: changed(turn.request, at) }))
  const analysis = analyze(traceOf(broken, CLAUDE))

  test('each cause with its part, the calls, tokens and money', () => {
    const lines = section(renderText(analysis), 'Prompt cache broken by')
    expect(lines[0]).toMatch(/ calls +tokens +cost$/)
    expect(lines[1]).toMatch(/^ {2}system text changed after 5 characters +3, 5, 9 \+2 +61,379 +\$0\.2118$/)
    expect(lines[2]).toMatch(/^ {2}order of tools, from tool Edit on +7 +8,980 +\$0\.0310$/)
    expect(renderText(analysis)).toMatch(/^Cache {6}42 % of the input was read from it; changes lost 70,359 tokens,$/m)
    expect(renderMarkdown(analysis)).toContain('| order of tools, from tool `Edit` on | 7 | 8,980 | $0.0310 |')
  })

  test('what nobody is to blame for stands apart', () => {
    const { cache } = analysis
    const [first] = cache!.breaks
    const provider: CacheBreak = { ...first!, call: 9, cause: 'nothing-changed', side: 'provider', tokens: 500, timeNs: { low: 1.2e9, high: 3.4e9 } }
    const none = { breaks: 0, tokens: 0 }
    const loss = { breaks: 1, tokens: 500, timeNs: { low: 1.2e9, high: 3.4e9 } }
    const text = wide({ ...analysis, cache: { ...cache!, breaks: [provider], lost: loss, bySide: { actionable: none, provider: loss, unknown: none } } })
    expect(text).not.toContain('Prompt cache broken by')
    expect(text).toContain('call 9 paid again for 500 tokens, 1.20 to 3.40 s: nothing in the requests explains it')
  })

  test('a cache that lost nothing takes one line, and none takes none', () => {
    expect(renderText(analyze(traceOf(turns, CLAUDE)))).toMatch(/^Cache {6}\d+ % of the input was read from it; nothing was paid for again$/m)
    expect(renderText(analyze(draw('agent 0-9\n  a 0-5 llm model=gpt-4.1 in=5 out=5')))).not.toContain('Cache')
  })

  test('the context: its growth, and what was dear in it', () => {
    const lines = joined(section(wide(analysis), 'Cost'))
    expect(lines).toContain('grows by 1,011 tokens a turn (calls 1 to 13); full 181 turns after call 13')
    expect(lines).toContain('dearest results: Task 2,915 tokens × 6 requests ($0.0451) · Glob 1,086 tokens × 11 requests')
    const markdown = renderMarkdown(analysis)
    expect(markdown).toContain('- 2 of 5 defined tools never called (`Grep`, `Edit`): 4,277 tokens over all requests, $0.0092')
    expect(markdown).toMatch(/^\| call 13 is made of \| tokens \| share \|$/m)
  })

  test('what was paid for what adds up', () => {
    const [total, ...parts] = joined(section(wide(analysis), 'Cost').slice(0, 2)).split(' Cache ')[0]!.match(/\$[\d.]+/g)!.map((usd) => Number(usd.slice(1)))
    expect(parts.reduce((sum, usd) => sum + usd, 0)).toBeCloseTo(total!, 3)
    expect(wide(analysis)).toMatch(/^Cost {7}\$0\.3728: cache writes \$0\.3338 \(90 %\) · /m)
    const unknown = { ...analysis, totals: { ...analysis.totals, costUsd: { ...analysis.totals.costUsd, unknownCalls: 2 } } }
    expect(wide(unknown)).toContain('≥ $0.3728 without 2 calls of unknown price: cache writes')
  })
})

describe('names that are attacks', () => {
  const turns = recordedTurns('claude-sonnet-4-5-20250929')
  const attacks = ['<script>x</script>', '</summary><h1>x', '[x](http://e.example)', '| a |', '`', '\\', '@octocat', '**x**', '~~x~~', '\x1b[31mx\n# x', '<1']
  const make = (said: string): Analysis => {
    const rename = (one: Said): Said => (one.name === undefined && one.kind !== 'tool-result' ? one : { ...one, name: said })
    const list = turns.map((turn, at): Turn => ({ ...turn, model: said, request: (at > 4 ? turn.request.slice(1) : turn.request).map(rename) }))
    const analysis = analyze(traceOf(list, CLAUDE))
    return { ...analysis, latency: [{
      model: said, provider: said, calls: 9, tokens: { low: 1, high: 2 }, fit: { nsPerThousandTokens: 1e6, interval: { low: 1e6, high: 2e6 }, interceptNs: 1e6 },
    }] }
  }
  const plain = renderMarkdown(make('plain'))
  const bars = (text: string): number[] => text.split('\n').filter((line) => line.startsWith('|')).map((row) => row.match(/(?<!\\)\|/g)?.length ?? 0)
  const tags = (text: string): string[] => text.replace(/^```text$[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '').match(/<(?!!-- -->)[^>]*>/g)?.filter((tag) => !/^<\/?code>$/.test(tag)) ?? []
  test.each(attacks)('%j', (text) => {
    const markdown = renderMarkdown(make(text))
    expect(tags(markdown)).toEqual(tags(plain))
    expect(bars(markdown)).toEqual(bars(plain))
    for (const line of renderText(make(text)).split('\n')) expect(line).toMatch(/^\P{Cc}{0,80}$/u)
  })
})

test('the report of a usual run stays a page', () => {
  for (const analysis of [supportAgent, analyze(traceOf(recordedTurns('claude-sonnet-4-5-20250929'), CLAUDE))]) {
    const lines = renderText(analysis).split('\n')
    expect(lines.length).toBeLessThan(90)
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80)
  }
})
