import { describe, expect, test } from 'vitest'
import { renderCsv } from '../reports/csv.ts'
import { drawn } from './support/analysis-fixture.ts'
import { goldenAnalysis } from './support/golden-run.ts'
import { seeded } from './support/random.ts'

test('golden', async () => {
  await expect(`${renderCsv(goldenAnalysis)}\r\n`).toMatchFileSnapshot('./golden/run.csv')
})

/** A reader of RFC 4180 that knows nothing else. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]]
  for (let at = 0; at <= text.length;) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        if (at >= text.length) throw new Error('a quote is not closed')
        if (text[at] === '"') at++
        cell += text[at]
      }
      at++
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r' && text[at] !== '\n') {
        if (text[at] === '"') throw new Error(`a quote inside a cell without quotes at ${at}`)
        cell += text[at++]
      }
    }
    rows.at(-1)!.push(cell)
    if (at >= text.length) break
    if (text[at] === ',') at++
    else if (text.slice(at, at + 2) === '\r\n') {
      rows.push([])
      at += 2
    } else throw new Error(`expected a comma or the end of the line at ${at}`)
  }
  return rows
}

/** The rows by column. */
function read(text: string): Record<string, string>[] {
  const [titles = [], ...rows] = parse(text)
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
      name: span.name, category: span.category, outcome: span.outcome.state, depth: String(span.depth),
      input_tokens: call?.usage?.input === undefined ? '' : String(call.usage.input.total),
      cost_usd: call?.costUsd === undefined ? '' : String(call.costUsd),
    })
    expect(Number(rows[i]?.['duration_ms']) * 1e6).toBeCloseTo(span.durationNs, 3)
  }
  const sum = (column: string): number => rows.reduce((total, row) => total + Number(row[column]), 0)
  expect(sum('wall_ms')).toBeCloseTo(goldenAnalysis.totals.durationNs / 1e6, 6)
  expect(sum('input_tokens')).toBe(goldenAnalysis.totals.usage.input.total)
})

test('nanoseconds are not lost', () => {
  const row = read(renderCsv(drawn('a agent 0.000001-4820.123457')))[0]
  expect(row).toMatchObject({ start_ms: '0.000001', end_ms: '4820.123457', duration_ms: '4820.123456' })
})

describe('texts', () => {
  test.each([
    'plain', '', 'a,b', 'say "x"', '"', '""', 'line\nline', 'line\r\nline', 'a;b', ' edge ', 'x\ty', '字', '😀', 'a=b', "it's", "'quoted'", '\0x',
  ])('%j reads back', (text) => {
    const cell = named(text)['name']!
    expect(/^['\0]\0/.test(cell) ? cell.slice(1) : cell).toBe(text)
  })

  test.each([
    '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '\0=1', '=HYPERLINK("http://e.example","x")', "=cmd|' /C calc'!A0", ' =1', "'=1", "''=1",
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
    const signs = [...`=+-@',;"\t\r\n\0 ab`]
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: Math.floor(random() * 6) }, () => signs[Math.floor(random() * signs.length)]).join('')
      const cell = named(text)['name']!
      if (cell === text) expect(text).not.toMatch(/^[=+\-@\t\r\n\0]/)
      else expect(cell).toBe(`'${text}`)
    }
  })
})

test('numbers stay numbers, and what is unknown is empty', () => {
  const [row] = read(renderCsv(drawn('a agent -5-10')))
  expect(row).toMatchObject({ cost_usd: '', input_tokens: '', ttft_ms: '', parent_id: '' })
})
