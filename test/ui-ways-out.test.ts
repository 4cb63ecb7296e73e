import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { decodeTrace, encodeTrace } from '../src/trace-file/index.ts'
import type { Comparison, DiffNode, RunList, ServerInfo } from '../viewer/api.ts'
import { diffTree } from '../viewer/server/compare.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { draw } from './draw.ts'
import { Board } from './support/dashboard.ts'
import { goldenTrace } from './support/golden-run.ts'

// The real page is built, and holds the run packed; here what goes into it is looked at.
vi.mock('../viewer/run-html.ts', () => ({ renderHtml: (trace: Trace, analysis: Analysis) => `<!doctype html>${JSON.stringify({ trace, spans: analysis.spans.length })}` }))

const id = (i: number): string => i.toString(16).padStart(32, 'a')

const base = (i: number): Trace => draw(`
  agent 0-${100 + i}
    plan 5-35 llm model=gpt-5-mini in=1200 out=80
    search 40-${60 + i} tool
`, { id: id(i), name: 'agent' })
const slower = (i: number): Trace => draw(`
  agent 0-${200 + i}
    plan 5-35 llm model=gpt-5-mini in=2400 out=80
    search 40-${160 + i} tool
    check 165-170 tool
`, { id: id(100 + i), name: 'agent', tags: { branch: 'next' } })

let board: Board
let keys: Readonly<Record<string, string>>
beforeAll(async () => {
  board = new Board()
  for (let i = 1; i <= 8; i++) {
    board.write(`base/${i}.jsonl`, encodeTrace(base(i)))
    board.write(`new/${i}.jsonl`, encodeTrace(slower(i)))
  }
  board.write('golden.jsonl', encodeTrace({ ...goldenTrace, name: '../../"; rm -rf /\r\nX: y\u202e.html' }))
  const texts = { ...base(99), id: id(999), name: 'texts' }
  board.write('texts.jsonl', encodeTrace({
    ...texts, parts: texts.parts.map((part) => ({ ...part, text: 'a text of a prompt' })),
    spans: texts.spans.map((span) => ({ ...span, traceId: id(999), ...(span.category === 'tool' && { tool: { name: 'search', arguments: 'the arguments of a tool', result: 'its result' } }) })),
  }))
  await board.start()
  await board.dashboard.store.settled()
  const { runs } = (await board.api('runs?limit=500')).json<RunList>()
  keys = Object.fromEntries(runs.map(({ traceId, key }) => [traceId, key]))
})
afterAll(async () => {
  await board.close()
  board.remove()
})

describe('exports', () => {
  test('in every format that is told, each under a plain name', async () => {
    const { formats } = (await board.api('info')).json<ServerInfo>()
    expect(formats.map(({ name }) => name)).toEqual(['text', 'flame-chart', 'chrome', 'speedscope', 'folded', 'markdown', 'json', 'csv', 'otlp', 'pprof', 'html', 'run'])
    for (const { name, extension } of formats) {
      const { status, headers, body } = await board.api(`runs/${keys[goldenTrace.id]!}/export?format=${name}`)
      expect([name, status, body.length > 100]).toEqual([name, 200, true])
      expect(headers['content-disposition']).toBe(`attachment; filename="rm-rf-X-y-html-${goldenTrace.id.slice(0, 8)}.${extension}"`)
      expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox")
    }
  })

  test('of a run file and of the analysis are those of the run', async () => {
    const { traces: [trace] } = decodeTrace((await board.api(`runs/${keys[id(1)]!}/export?format=run`)).text)
    checkTrace(trace!)
    expect(trace!.spans.map(({ name }) => name)).toEqual(['agent', 'plan', 'search'])
    checkAnalysis((await board.api(`runs/${keys[id(1)]!}/export?format=json`)).json())
    const pprof = await board.api(`runs/${keys[id(1)]!}/export?format=pprof`)
    expect(gunzipSync(pprof.body).length).toBeGreaterThan(100)
  })

  test('share: no text of a prompt, an answer or a tool is in it', async () => {
    const shown = await board.api(`runs/${keys[id(999)]!}/export?format=html`)
    for (const text of ['the arguments of a tool', 'its result']) expect(shown.text).toContain(text)
    const shared = await board.api(`runs/${keys[id(999)]!}/share`)
    expect([shared.status, shared.headers['content-disposition']]).toEqual([200, expect.stringMatching(/^attachment; filename="texts-[0-9a-f]{8}\.html"$/)])
    for (const text of ['the arguments of a tool', 'its result', 'a text of a prompt']) expect(shared.text).not.toContain(text)
  })
})

const compare = async (from: unknown, to: unknown) =>
  await board.api('compare', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ base: from, new: to }) })

describe('comparison', () => {
  test('of two sets, by keys and by a query', async () => {
    const answer = await compare({ keys: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => keys[id(i)]!) }, { query: { tag: 'branch=next' } })
    const { diff, tree } = answer.json<Comparison>()
    expect([diff.verdict, diff.base.runs, diff.new.runs]).toEqual(['regression', 8, 8])
    expect(drawn(tree)).toBe(`
agent 1/1 104.5→204.5 ms
  plan 1/1 30→30 ms, 1280→2480 tokens
  search 1/1 24.5→124.5 ms
  check 0/1 0→5 ms`.trimStart())
  })

  test('of two runs', async () => {
    const { diff } = (await compare({ keys: [keys[id(1)]] }, { keys: [keys[id(101)]] })).json<Comparison>()
    expect([diff.verdict, diff.spans?.length]).toEqual(['too-few-runs', 4])
  })

  test('what cannot be compared is told', async () => {
    for (const [from, to, status] of [
      [{ keys: [] }, { keys: [keys[id(1)]] }, 400], [{ keys: ['nothing'] }, { keys: [keys[id(1)]] }, 400], [5, 6, 400], [null, null, 400],
      [{ query: { limit: 'x' } }, { query: {} }, 400], [{ query: { q: 'nothing like it' } }, { query: {} }, 400],
    ] as const) expect([from, (await compare(from, to)).status]).toEqual([from, status])
    const post = async (body: string) => (await board.api('compare', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status
    expect([await post('{'), await post('null'), await post(`"${'x'.repeat(1_000_001)}"`)]).toEqual([400, 400, 413])
  })
})

/** Count per run, total time and, where there are any, tokens of both sides. */
function drawn(node: DiffNode, indent = ''): string {
  const ms = (ns: number): number => Math.round(ns / 1e4) / 100
  const tokens = node.base.tokens + node.new.tokens > 0 ? `, ${node.base.tokens}→${node.new.tokens} tokens` : ''
  const line = `${indent}${node.name} ${node.base.count}/${node.new.count} ${ms(node.base.totalNs)}→${ms(node.new.totalNs)} ms${tokens}`
  return [line, ...node.children.map((child) => drawn(child, `${indent}  `))].join('\n')
}

describe('the tree of a difference', () => {
  const sides = (...traces: readonly Trace[]): Analysis[] => traces.map((trace) => analyze(trace))
  const all = (node: DiffNode): DiffNode[] => [node, ...node.children.flatMap(all)]

  test('adds up to the runs', () => {
    const [from, to] = [sides(base(1), base(2), goldenTrace), sides(slower(1), goldenTrace)]
    const nodes = all(diffTree(from, to))
    for (const [side, analyses] of [['base', from], ['new', to]] as const) {
      const sum = (key: 'wallNs' | 'selfNs' | 'count'): number => nodes.reduce((total, node) => total + node[side][key], 0)
      expect(sum('wallNs')).toBeCloseTo(analyses.reduce((total, { totals }) => total + totals.durationNs, 0) / analyses.length, 0)
      expect(sum('count')).toBeCloseTo(analyses.reduce((total, { spans }) => total + spans.length, 0) / analyses.length, 9)
    }
  })

  test('a call under the name of another model stands in the place of the one before', () => {
    const tree = diffTree(
      sides(draw('agent 0-100\n  gpt-5-mini 5-35 llm model=gpt-5-mini in=10 out=8', { id: id(1) })),
      sides(draw('agent 0-100\n  claude 5-55 llm model=claude-haiku-4-5 in=10 out=8', { id: id(2) })),
    )
    expect(drawn(tree)).toBe('agent 1/1 100→100 ms\n  gpt-5-mini 1/1 30→50 ms, 18→18 tokens')
  })

  test('of runs a thousand levels deep is cut, and still adds up', () => {
    const deep = draw(Array.from({ length: 1_000 }, (_, i) => `${'  '.repeat(i)}s${i} ${i}-${3_000 - i}`).join('\n'), { id: id(3) })
    const tree = diffTree(sides(deep), sides(deep))
    const nodes = all(tree)
    expect(nodes.length).toBe(256)
    expect(nodes.reduce((sum, node) => sum + node.base.selfNs, 0)).toBeCloseTo(analyze(deep).totals.durationNs, 0)
    expect(JSON.stringify(tree).length).toBeGreaterThan(1_000)
  })
})
