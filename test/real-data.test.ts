import { describe, expect, test } from 'vitest'
import { readClaudeCode } from '../adapters/import/claude-code.ts'
import { codex } from '../adapters/import/codex.ts'
import { geminiCli } from '../adapters/import/gemini-cli.ts'
import { langfuse } from '../adapters/import/langfuse.ts'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { checkAnalysis } from './laws.ts'
import { fixture, fixtures } from './support/imports.ts'

/**
 * Analyses of recorded sessions against figures that are computed here, from the lines of the files, by other means: no importer,
 * no price table, no analysis. What was read by eye is in docs/validation.md.
 */

interface Row {
  readonly type?: string
  readonly requestId?: string
  readonly message?: { readonly id?: string; readonly model?: string; readonly usage?: Readonly<Record<string, unknown>> }
}

const files = fixtures('claude-code')
const filesOf = (session: string): string[] => files.filter((file) => file.startsWith(`claude-code/${session}.`))

/** The last usage of each answer, in order of first appearance. */
function answers(file: string): { readonly model: string; readonly usage: Readonly<Record<string, unknown>> }[] {
  const found = new Map<string, { model: string; usage: Readonly<Record<string, unknown>> }>()
  for (const line of fixture(file).text.split('\n')) {
    if (line.trim() === '') continue
    const { type, requestId, message } = JSON.parse(line) as Row
    if (type !== 'assistant' || message?.usage === undefined || message.model === '<synthetic>') continue
    found.set(`${message.id} ${requestId}`, { model: message.model ?? '', usage: message.usage })
  }
  return [...found.values()]
}

const count = (usage: Readonly<Record<string, unknown>>, name: string): number => (usage[name] as number | null | undefined) ?? 0

/** US dollars per million tokens, from the providers' price lists: input, cache read, cache write of 5 minutes, of an hour, output. */
const LISTED: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  'claude-sonnet-4-5-20250929': [3, 0.3, 3.75, 6, 15],
  'claude-opus-4-6': [5, 0.5, 6.25, 10, 25],
  'gpt-5.3-codex': [1.75, 0.175, 1.75, 1.75, 14],
}

function listPrice(model: string, usage: Readonly<Record<string, unknown>>): number {
  const [input, read, write, hour, output] = LISTED[model]!
  const written = count(usage, 'cache_creation_input_tokens')
  const byHour = count((usage['cache_creation'] ?? {}) as Readonly<Record<string, unknown>>, 'ephemeral_1h_input_tokens')
  return (count(usage, 'input_tokens') * input + count(usage, 'cache_read_input_tokens') * read + (written - byHour) * write
    + byHour * hour + count(usage, 'output_tokens') * output) / 1e6
}

function analyzed(session: string): Analysis {
  const analysis = analyze(readClaudeCode(filesOf(session).map((file) => fixture(file))).traces[0]!)
  checkAnalysis(analysis)
  return analysis
}

describe('Claude Code', () => {
  test.each([
    'codemie-196820da', 'codemie-9eda1058', 'codemie-simple-1', 'codemie-simple-2', 'codemie-subagents-1', 'codemie-subagents-2',
    'spotter-long', 'spotter-short', 'spotter-subagent', 'spotter-tool_heavy',
  ])('%s cost what its lines cost at the list prices', (session) => {
    const expected = filesOf(session).flatMap((file) => answers(file)).reduce((sum, { model, usage }) => sum + listPrice(model, usage), 0)
    const { totals, cost } = analyzed(session)
    expect(totals.costUsd).toMatchObject({ unknownCalls: 0, estimatedCalls: 0 })
    expect(totals.costUsd.knownUsd).toBeCloseTo(expected, 9)
    expect(Object.values(cost!).reduce((a, b) => a + b, 0)).toBeCloseTo(expected, 9)
  })

  test.each(['codemie-9eda1058', 'codemie-simple-2', 'spotter-tool_heavy'])('%s lost what its cache held and the next call did not read', (session) => {
    let [held, lost] = [0, 0]
    for (const { usage } of answers(filesOf(session)[0]!)) {
      const read = count(usage, 'cache_read_input_tokens')
      // Some tokens at the end of what is held belong to no whole block.
      if (held - read > 100) lost += held - read
      held = read + count(usage, 'cache_creation_input_tokens')
    }
    expect(lost).toBeGreaterThan(0)
    expect(analyzed(session).cache!.lost.tokens).toBe(lost)
  })

  test('what a compaction shortened is no loss', () => {
    // Three calls read less than was held: 89,607 and 55,080 tokens less, and the first one after the compaction.
    expect(analyzed('spotter-long').cache!.lost.tokens).toBe(89_607 + 55_080)
  })
})

test('Codex: the input contains what was cached', () => {
  for (const name of fixtures('codex').filter((file) => file.includes('localpush'))) {
    const analysis = analyze(codex.read(fixture(name)).traces[0]!)
    checkAnalysis(analysis)
    const rows = fixture(name).text.split('\n').filter((line) => line.includes('"total_token_usage"'))
    const last = (JSON.parse(rows.at(-1)!) as { payload: { info: { total_token_usage: Readonly<Record<string, number>> } } }).payload.info.total_token_usage
    const cached = last['cached_input_tokens']!
    const usd = ((last['input_tokens']! - cached) * 1.75 + cached * 0.175 + last['output_tokens']! * 14) / 1e6
    expect(analysis.totals.costUsd.knownUsd).toBeCloseTo(usd, 9)
  }
})

test('Gemini CLI: thoughts are output, and beside the answer', () => {
  for (const name of fixtures('gemini-cli')) {
    const { traces } = geminiCli.read(fixture(name))
    const { messages } = JSON.parse(fixture(name).text) as { messages: { tokens?: Readonly<Record<string, number>> }[] }
    const told = (key: string): number => messages.reduce((sum, { tokens }) => sum + (tokens?.[key] ?? 0), 0)
    const { usage } = analyze(traces[0]!).totals
    expect([usage.input.cacheRead, usage.output.reasoning, usage.input.total + usage.output.total])
      .toEqual([told('cached'), told('thoughts'), told('total')])
  }
})

test('Langfuse: what a trace states in total is what we add up, but where it states more than its parts', () => {
  for (const name of fixtures('langfuse')) {
    const { observations } = JSON.parse(fixture(name).text) as { observations: { type?: string; usageDetails?: Readonly<Record<string, number>> }[] }
    const total = observations.filter(({ type }) => type === 'GENERATION').reduce((sum, { usageDetails }) => sum + (usageDetails?.['total'] ?? 0), 0)
    const { traces, problems } = langfuse.read(fixture(name))
    const { input, output } = analyze(traces[0]!).totals.usage
    // One export counts thoughts in the total and names them nowhere; the importer says so.
    const isShort = problems.some(({ message }) => message.includes('add up to'))
    expect(isShort ? input.total + output.total < total : input.total + output.total === total).toBe(true)
  }
})
