import { describe, expect, test } from 'vitest'
import { renderCsv } from '../reports/csv.ts'
import { parseCsv } from './support/csv.ts'
import { drawn } from './support/analysis-fixture.ts'
import { goldenAnalysis } from './support/golden-run.ts'
import { seeded } from './support/random.ts'

/** The rows by column. */
function read(text: string): Record<string, string>[] {
  const [titles = [], ...rows] = parseCsv(text)
  return rows.map((row) => {
    expect(row.length).toBe(titles.length)
    return Object.fromEntries(row.map((cell, i) => [titles[i]!, cell]))
  })
}

const named = (name: string): Record<string, string> => read(renderCsv(drawn('a agent 0-1', { names: { s0: name } })))[0]!

test('one row per span, with what the analysis says of it', () => {
  const rows = read(renderCsv(goldenAnalysis))
  expect(rows.map((row) => row['span_id'])).toEqual(goldenAnalysis.spans.map(({ id }) => id))
  for (const [i, span] of goldenAnalysis.spans.entries()) {
    const call = goldenAnalysis.calls.find(({ spanId }) => spanId === span.id)
    expect(rows[i]).toMatchObject({
      category: span.category, outcome: span.outcome.state, depth: String(span.depth),
      input_tokens: call?.usage?.input === undefined ? '' : String(call.usage.input.total),
    })
    if (call?.costUsd === undefined) expect(rows[i]?.['cost_usd']).toBe('')
    else expect(Number(rows[i]?.['cost_usd'])).toBeCloseTo(call.costUsd, 12)
    expect(Number(rows[i]?.['duration_ms']) * 1e6).toBeCloseTo(span.durationNs, 3)
  }
  const sum = (column: string): number => rows.reduce((total, row) => total + Number(row[column]), 0)
  expect(sum('wall_ms')).toBeCloseTo(goldenAnalysis.totals.durationNs / 1e6, 6)
  expect(sum('input_tokens')).toBe(goldenAnalysis.totals.usage.input.total)
})

test('a byte order mark where one is asked for', () => {
  expect(renderCsv(goldenAnalysis, { bom: true })).toBe(`\ufeff${renderCsv(goldenAnalysis)}`)
})

test('nanoseconds are not lost', () => {
  const row = read(renderCsv(drawn('a agent 0.000001-4820.123457')))[0]
  expect(row).toMatchObject({ start_ms: '0.000001', end_ms: '4820.123457', duration_ms: '4820.123456' })
})

describe('texts', () => {
  test.each([
    'plain', '', 'a,b', 'say "x"', '"', '""', 'line\nline', 'line\r\nline', 'a;b', ' edge ', 'x\ty', '字', '😀', 'a=b', "it's", "'quoted'",
  ])('%j reads back', (text) => expect(named(text)['name']).toBe(text))

  test.each([['\0x', '␀x'], ['\u001b[31mred', '␛[31mred'], ['\u009b2J', '\ufffd2J'], ['\u007f', '␡'], ['\ud800', '\ufffd']])(
    '%j does nothing to a terminal: %j', (text, shown) => expect(named(text)['name']).toBe(shown))

  test.each([
    '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '=HYPERLINK("http://e.example","x")', "=cmd|' /C calc'!A0", ' =1', "'=1", "''=1",
    '\uff1d1', '\u00a0=1', '-', '=',
  ])('%j is no formula', (text) => {
    const cell = named(text)['name']!
    expect(cell).toBe(`'${text}`)
    expect(renderCsv(drawn('a agent 0-1', { names: { s0: text } }))).not.toMatch(/,"?[=+@]/)
  })

  test('every text that a user writes is made safe', () => {
    const evil = '=1+1,"x"'
    const run = drawn('a agent 0-9\n  b llm 0-5 in=1 failed=x:y', { name: evil, names: { s0: evil, s1: evil } })
    const rows = read(renderCsv({
      ...run,
      calls: run.calls.map((call) => ({ ...call, provider: evil, requestModel: evil, responseModel: evil })),
      spans: run.spans.map((span) => ({ ...span, category: evil, issuedBy: evil, outcome: { state: 'failed', type: evil, message: evil } })),
    }))
    const columns = ['run', 'name', 'category', 'error_type', 'error_message', 'issued_by', 'provider', 'request_model', 'response_model']
    expect(columns.map((column) => rows[1]?.[column])).toEqual(columns.map(() => `'${evil}`))
  })

  test('random texts read back', () => {
    const random = seeded(11)
    const signs = [...`=+-@',;"\t\r\n ab`]
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: Math.floor(random() * 6) }, () => signs[Math.floor(random() * signs.length)]).join('')
      const cell = named(text)['name']!
      if (cell === text) expect(text).not.toMatch(/^[=+\-@\t\r\n]/)
      else expect(cell).toBe(`'${text}`)
    }
  })
})

test('numbers stay numbers, and what is unknown is empty', () => {
  const [row] = read(renderCsv(drawn('a agent -5-10')))
  expect(row).toMatchObject({ cost_usd: '', input_tokens: '', ttft_ms: '', parent_id: '' })
})
