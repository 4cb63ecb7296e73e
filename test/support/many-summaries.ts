import { seal } from '../../src/trace-file/frame.ts'
import { pack, Words } from '../../viewer/server/packed-run.ts'
import type { IndexedRun } from '../../viewer/server/runs.ts'
import { seeded } from './random.ts'

const NAMES = ['support-agent', 'research', 'nightly-report', 'code-review', 'triage', 'billing', 'onboarding', 'search']
const MODELS = ['gpt-5-mini', 'gpt-5.1', 'claude-haiku-4-5', 'claude-sonnet-4-5', 'gemini-3-flash']
const OPERATIONS = ['plan', 'answer', 'search_kb', 'get_orders', 'embed', 'vector_search', 'load_memory', 'save_memory', 'check_input', 'review', 'chat gpt-5-mini', 'write_draft']
const CODES = ['PAR001', 'CACHE001', 'CTX002', 'REP001', 'RETRY001', 'LOOP001']

/** A summary as that of a run of a dozen operations is. */
function syntheticRun(i: number, random: () => number, startedAtEpochMs: number): IndexedRun {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const durationNs = Math.floor(random() * 60e9) + 1e9
  const inputTokens = Math.floor(random() * 200_000)
  const outputTokens = Math.floor(random() * 20_000)
  const traceId = i.toString(16).padStart(32, '0')
  const codes = CODES.filter(() => random() < 0.4)
  return {
    summary: {
      key: i.toString(36).padStart(22, '-'), traceId, name: pick(NAMES), service: pick(['shop', 'desk', 'lab']),
      tags: { branch: pick(['main', 'next', 'fix']), user: `u${Math.floor(random() * 500)}` },
      startedAtEpochMs, durationNs, outcome: random() < 0.05 ? 'failed' : 'ok', source: 'received',
      spans: Math.floor(random() * 200) + 3, llmCalls: Math.floor(random() * 20), toolCalls: Math.floor(random() * 30),
      inputTokens, cachedTokens: Math.floor(inputTokens / 2), outputTokens, costUsd: inputTokens * 1e-6 + outputTokens * 4e-6,
      models: [pick(MODELS), pick(MODELS)].filter((model, at, all) => all.indexOf(model) === at),
      categories: ['llm', 'tool', 'agent', 'retrieval'].map((category) => ({ category, wallNs: Math.floor(random() * durationNs / 4) })),
      findings: codes.slice(0, 3).map((code) => ({
        code, title: `${Math.floor(random() * 9) + 2} calls of tools run one after another and need not`, saving: { timeNs: { low: Math.floor(random() * 1e9), high: 3e9 } }, confidence: 'likely' as const,
      })),
      findingCount: codes.length,
    },
    operations: OPERATIONS.map((name) => ({
      name, category: name.includes('_') ? 'tool' : 'llm', count: Math.floor(random() * 9) + 1, failed: 0, wallNs: Math.floor(random() * 5e9), totalNs: Math.floor(random() * 9e9),
    })),
    findings: codes.map((code) => ({ code, title: 'calls of tools run one after another and need not', timeNs: Math.floor(random() * 1e9), costUsd: 0 })),
  }
}

/** An index over so many runs, whose files nobody needs to have. */
export function* syntheticIndex(runs: number, version: string, endEpochMs: number): Generator<string> {
  const random = seeded(11)
  const words = new Words()
  const by = words.number(version)
  yield `${seal({ format: 'spanwise-index', version: 1 }, 0)}\n`
  let written = 0
  for (let i = 0; i < runs; i++) {
    const startedAtEpochMs = endEpochMs - (runs - i) * 10_000
    const run = syntheticRun(i, random, startedAtEpochMs)
    const packed = pack(run, words)
    if (words.all.length > written) yield `${seal({ words: words.all.slice(written), from: written }, 0)}\n`
    written = words.all.length
    const day = new Date(startedAtEpochMs).toISOString().slice(0, 10)
    yield `${seal({ file: [`received/${day}/${run.summary.traceId}.otlp.jsonl`, 1_000, startedAtEpochMs, 1, 0], by, runs: [packed] }, 0)}\n`
  }
}
