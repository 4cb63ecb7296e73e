import stringWidth from 'fast-string-width'
import { describe, expect, test } from 'vitest'
import { terminalReports } from '../reports/index.ts'
import { renderFlameChart } from '../reports/flame-chart.ts'
import { clean, cleanName, fit, wrap } from '../reports/shared/text.ts'
import type { Report } from '../reports/shared/report.ts'
import { renderText } from '../reports/text.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { drawn, finding, manyTurns, supportAgent } from './support/analysis-fixture.ts'
import { seeded } from './support/random.ts'

/** What a name, a model, a tool's error or a web page can hold. */
const attacks: readonly string[] = [
  '\x1b[31mred\x1b[0m', '\x1b[2J\x1b[H', '\x9b31mc1', '\x1b]0;title\x07', '\x1b]52;c;ZXZpbA==\x1b\\',
  '\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\', '\x9d8;;http://x\x9clink',
  '\x1bP+q544e\x1b\\', '\x90dcs\x9c', '\x1b_apc\x1b\\', '\x1b^pm\x1b\\', '\x1bXsos\x1b\\',
  '\x1b[3\x1b[31m1mnested', '\x1b]unterminated', '\x9dunterminated', '\x1b', '\x1b[', '\x9b', '\x1bc', '\x1b(0', '\x1b#8',
  'a\rb', 'a\nb\n\nfake   1.00 s', 'a\r\nb', 'tab\tbed', 'back\b\b\bspace', 'bell\x07', 'nul\0', 'del\x7f', '\x85nel',
  '\u2028ls\u2029ps', '\u202eevil\u202c', '\u2066iso\u2069', '\u200frtl\u200e', '\u061carabic',
  'zero\u200bwidth\ufeff\u200c\u2060',
  'soft\u00adhyphen', 'tags\u{e0041}\u{e007f}', `zalgo${'\u0301'.repeat(500)}`, '\u0301leading', '\ud800lone', 'lone\udfff',
  '\ud83d', '\ufe0f', '\u200d', '   ', '', '\u00a0', '\u3000wide space',
  'x'.repeat(10_000), '字'.repeat(5_000), '👨‍👩‍👧‍👦'.repeat(200), '🇩🇪🇫🇷🇮', 'e\u0301', '\u1100\u1161\u11a8',
  'שלום עולם', 'مرحبا', 'नमस्ते', '❤️', '1️⃣', '✗←1', '░▓▒', '%s %d', '__proto__', 'constructor',
]

const attacked = (text: string): Analysis => {
  const base = drawn(`
    a agent 0-100 failed=x:y
      b llm 0-40 in=1 out=1 ttft=10 usd=1 fail=429:10-20
      c tool 40-70 by=s1 failed=x:y
      d other 60-100 by=s1
  `, {
    name: text,
    names: { s0: text, s1: text, s2: text, s3: `${text}${text}` },
    outcome: { state: 'failed', type: text, message: text },
    findings: [finding(text, text, { advice: text, spanIds: ['s2', 's3'] })],
    observations: [{ code: text, title: text, spanIds: [], advice: text }],
    problems: [{ code: text, message: text }],
    sources: { prices: text, windows: text, tokens: text },
  })
  const composition = { [text]: 3, user: 2 }
  const peak = { spanId: 's1', number: 1, model: text, usedTokens: 5, windowTokens: 6, share: 5 / 6, composition }
  return {
    ...base,
    categories: base.categories.map((category) => ({ ...category, category: text })),
    context: { calls: [peak], peak, warning: text },
    calls: base.calls.map((call) => ({ ...call, attempts: call.attempts.map((attempt) => ({ ...attempt, error: text })) })),
    models: base.models.map((model) => ({ ...model, model: text, provider: text })),
    spans: base.spans.map((span) => ({
      ...span,
      category: span.category === 'other' ? text : span.category,
      outcome: span.outcome.state === 'failed' ? { state: 'failed', type: text, message: text } : span.outcome,
    })),
  }
}

const ESC = '\u001b'
const OWN_SGR = new RegExp(`${ESC}\\[(?:0|(?:[12]|3[1-6])(?:;3[1-6])?)m`, 'g')
// Everything but newline that could act on a terminal, change the order of what is read, or hide.
const FORBIDDEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\u061c\ufeff\u00ad\u{e0000}-\u{e007f}]/u

/** What is wrong with a report, whatever it is about: nothing. */
function faults(analysis: Analysis, width: number, render: Report<string>['render'] = renderText): string[] {
  const plain = render(analysis, { width })
  const found: string[] = []
  for (const line of plain.split('\n')) {
    if (FORBIDDEN.test(line)) found.push(`not clean: ${JSON.stringify(line)}`)
    if (stringWidth(line) > width) found.push(`wider than ${width}: ${line}`)
    if (line !== line.trimEnd()) found.push(`spaces at the end: ${line}`)
  }
  if (render(analysis, { width, color: true }).replace(OWN_SGR, '') !== plain) found.push('colour says something else')
  const ascii = render(analysis, { width, ascii: true })
  if (!/^[\x20-\x7e\n]*$/.test(ascii)) found.push('ASCII is not')
  if (ascii.split('\n').length !== plain.split('\n').length) found.push('ASCII has other lines')
  return found
}

describe('the user data of a run', () => {
  for (const text of attacks) {
    test(`${JSON.stringify(text).slice(0, 60)}`, () => {
      const analysis = attacked(text)
      expect(terminalReports.flatMap(({ render }) => [60, 80, 121].flatMap((width) => faults(analysis, width, render)))).toEqual([])
    })
  }
  test('adds no lines', () => {
    const lines = renderFlameChart(attacked('plain')).split('\n').length
    expect(renderFlameChart(attacked('a\nb\r\nc\u2028d')).split('\n').length).toBe(lines)
  })
  test('cleaning twice gives the same as once', () => {
    for (const text of attacks) {
      expect(clean(clean(text))).toBe(clean(text))
      expect(cleanName(text)).not.toBe('')
    }
  })
  test('cleaned text still says what it said', () => {
    expect(clean('\x1b[31mred\x1b[0m alert')).toBe('red alert')
    expect(clean('\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\')).toBe('click')
    expect(clean('line one\r\n\tline two')).toBe('line one line two')
    expect(clean('user\u202egnp.exe')).toBe('usergnp.exe')
    expect(clean('bell\x07')).toBe('bell\u2407')
    expect(clean('👩‍🔬 and a\u200db')).toBe('👩‍🔬 and ab')
    expect(cleanName('\x1b[2J')).toBe('(no name)')
  })
})

describe('widths', () => {
  test('fit cuts by columns and between characters', () => {
    expect(fit('search', 6)).toBe('search')
    expect(fit('searching', 6)).toBe('searc…')
    expect(fit('搜索知识库', 6)).toBe('搜索…')
    expect(fit('搜索知识库', 7)).toBe('搜索知…')
    expect(fit('👩‍🔬👩‍🔬👩‍🔬', 5)).toBe('👩‍🔬👩‍🔬…')
    expect(fit('😀😀', 2)).toBe('…')
    expect(fit('x', 0)).toBe('')
  })
  test('wrap keeps numbers and units together and breaks long words', () => {
    expect(wrap('it took 4.82 s of 100 % at most', 12)).toEqual(['it took', '4.82 s of', '100 % at', 'most'])
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
    expect(wrap('数据数据数据', 5)).toEqual(['数据', '数据', '数据'])
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', 'three fo…'])
  })
  test('no line is wider than asked, whatever ran', () => {
    const random = seeded(42)
    const runs = Array.from({ length: 150 }, () => ({ run: randomRun(random), width: 60 + Math.floor(random() * 141) }))
    expect(runs.flatMap(({ run, width }) => faults(run, width))).toEqual([])
    const drawnRuns = [60, 79, 100, 133, 200].flatMap((width) => [supportAgent, manyTurns].flatMap((run) => faults(run, width)))
    expect(drawnRuns).toEqual([])
  })
})

function randomRun(random: () => number): Analysis {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const names: Record<string, string> = {}
  const lines: string[] = []
  const scale = 10 ** Math.floor(random() * 6)
  const add = (depth: number, start: number, end: number): void => {
    if (random() < 0.3) names[`s${lines.length}`] = pick(attacks)
    const outcome = random() < 0.15 ? ` ${pick(['failed=Error:no', 'state=open', 'state=cancelled', 'late'])}` : ''
    const usage = random() < 0.7 ? ` in=${Math.floor(random() * scale)} out=${Math.floor(random() * scale)}` : ''
    const ttft = random() < 0.5 ? ` ttft=${(end - start) * random()}` : ''
    const name = pick(['a', 'search', 'a_rather_long_name_of_a_tool_that_somebody_wrote'])
    const category = pick(['llm', 'tool', 'memory', 'own'])
    lines.push(`${'  '.repeat(depth)}${name} ${category} ${start}-${end}${usage}${ttft}${outcome}`)
    for (let left = depth > 3 ? 0 : Math.floor(random() * 4); left > 0; left--) {
      const from = start + (end - start) * random()
      add(depth + 1, from, from + (end - from) * random())
    }
  }
  add(0, 0, scale * random())
  const ids = lines.map((_, index) => `s${index}`)
  const findings = Array.from({ length: Math.floor(random() * 4) }, () =>
    finding(pick(['PAR001', 'CTX1', 'A_VERY_LONG_CODE']), pick(attacks), {
      spanIds: ids.filter(() => random() < 0.3),
      saving: { timeNs: scale * 1e6, tokens: { low: 1, high: scale * 1e3 }, costUsd: random() },
    }))
  return drawn(lines.join('\n'), { names, findings })
}
