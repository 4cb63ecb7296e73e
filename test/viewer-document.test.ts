import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { analyze, type Analysis, type Trace } from '../src/index.ts'
import { columnsOf, packRun } from '../viewer/document/pack.ts'
import { STATES, type SpanColumns } from '../viewer/document/run-document.ts'
import { packTree, unpackTree } from '../viewer/document/tree.ts'
import { unpackRun } from '../viewer/document/unpack.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { goldenTrace } from './support/golden-run.ts'
import { concurrentTrace } from './support/random-run.ts'

const opened = (trace: Trace, analysis: Analysis) => unpackRun(packRun(trace, analysis))

describe('a tree with arrays', () => {
  test('comes back as it was', () => {
    const tree = {
      text: 'a\u2028', list: [1, { two: [] }], nothing: null,
      whole: Float64Array.of(0, -1, 5, 2 ** 51, -(2 ** 51), 7), broken: Float64Array.of(0.5, Number.NaN, Infinity, -0),
      inside: { places: Int32Array.of(-1, 0, 2 ** 31 - 1, -(2 ** 31)), small: Uint16Array.of(65_535, 0), bits: Uint8Array.of(1, 0, 255) },
      none: Uint32Array.of(),
    }
    expect(unpackTree(packTree(tree))).toEqual(tree)
  })

  test('what the tree says is data, whatever it looks like', () => {
    const tree = JSON.parse('{"arrays":[{"path":["x"],"type":"f64","count":9}],"tree":0,"__proto__":{"polluted":1},"$a":["f64","raw",9,9]}') as object
    expect(JSON.stringify(unpackTree(packTree(tree)))).toBe(JSON.stringify(tree))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('what ends too early is said to', () => {
    const packed = packTree({ times: Float64Array.of(1, 2, 3), more: Float64Array.of(0.1, 0.2) })
    for (let length = 0; length < packed.length; length++) expect(() => unpackTree(packed.slice(0, length))).toThrow(/./)
  })
})

describe('a packed run', () => {
  test('holds the analysis, with ids and not places, and its spans', () => {
    const trace = goldenTrace
    const analysis = analyze(trace)
    const document = opened(trace, analysis)
    const { spans, ...rest } = analysis
    expect(document.analysis).toEqual(rest)
    expect(viewsOf(document.spans)).toEqual(spans.map(({ id, name, category, startNs, endNs, selfNs, wallNs, slackNs, outcome, attributes, depth, call, late, parentId, issuedBy }) => ({
      id, name, category, startNs, endNs, selfNs, wallNs, slackNs, depth, parentId, attributes, state: outcome.state, call: call ?? 0, late: late ?? false, issuedBy,
    })))
    checkTrace(trace)
    checkAnalysis(analysis)
  })

  test('says of calls and tools what the trace says', () => {
    const trace = goldenTrace
    const { content, spans } = opened(trace, analyze(trace))
    expect(content.parts.map(({ kind, chars }) => [kind, chars])).toEqual(trace.parts.map(({ kind, chars }) => [kind, chars]))
    const asked = trace.spans.filter(({ llm }) => llm !== undefined)
    expect(content.calls.map((call) => call?.request)).toEqual(asked.map(({ llm }) => llm!.requestParts ?? []))
    const search = spans.ids.indexOf(trace.spans.find(({ name }) => name === 'search_kb')!.id)
    expect(content.tools[search]).toEqual({ callId: 'c1' })
  })

  test('is the same run for two hundred random ones', () => {
    for (let seed = 0; seed < 200; seed++) {
      const trace = concurrentTrace(seed)
      const analysis = analyze(trace)
      const { spans, ...rest } = analysis
      const document = opened(trace, analysis)
      expect(document.analysis).toEqual(rest)
      expect(document.spans).toEqual(columnsOf(spans))
    }
  })

  test('takes few bytes a span', () => {
    const spans = Array.from({ length: 20_000 }, (_, i) => ({
      id: ((i + 1) * 0x9e3779b97f4a7).toString(16).padStart(16, '0').slice(-16), traceId: '0af7651916cd43dd8448eb211c80319c', name: `step ${i % 40}`, category: i % 3 === 0 ? 'llm' : 'tool',
      start: i * 1_000_003 + (i % 7) * 911, end: i === 0 ? 3e10 : i * 1_000_003 + 900_001 + (i % 13) * 331, outcome: { state: 'ok' as const },
      ...(i > 0 && { parentId: (0x9e3779b97f4a7).toString(16).padStart(16, '0') }),
    }))
    const trace: Trace = { ...concurrentTrace(1), spans, parts: [] }
    const bytes = gzipSync(packRun(trace, analyze(trace))).length / spans.length
    expect(bytes).toBeLessThan(31)
  })
})

function viewsOf(spans: SpanColumns) {
  return spans.ids.map((id, i) => ({
    id, name: spans.names[spans.name[i]!], category: spans.categories[spans.category[i]!], startNs: spans.start[i], endNs: spans.end[i],
    selfNs: spans.self[i], wallNs: spans.wall[i], slackNs: spans.slack[i], depth: spans.depth[i], state: STATES[spans.state[i]!], call: spans.call[i],
    late: spans.late[i] === 1, parentId: spans.parent[i] === -1 ? undefined : spans.ids[spans.parent[i]!], attributes: spans.details[i]?.attributes,
    issuedBy: spans.details[i]?.issuedBy,
  }))
}
