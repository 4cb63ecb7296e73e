import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import { packRun } from '../viewer/document/pack.ts'
import { unpackRun } from '../viewer/document/unpack.ts'
import { RunModel } from '../viewer/ui/run/run-model.ts'
import { activityOf } from '../viewer/ui/timeline/activity.ts'
import { boundsOf, fromAddress, stretchOf, toAddress } from '../viewer/ui/timeline/bounds.ts'
import { stretchesOf } from '../viewer/ui/timeline/call-phases.ts'
import { tiesOf, tieTexts } from '../viewer/ui/timeline/dependencies.ts'
import { layOut } from '../viewer/ui/timeline/layout.ts'
import { findSpans, stepTo } from '../viewer/ui/timeline/matches.ts'
import { neighbour, type Direction } from '../viewer/ui/timeline/neighbours.ts'
import { treeOf } from '../viewer/ui/timeline/tree.ts'
import { AXIS_HEIGHT, ROOMY, rowsInView, spanAt, toTime, toX, type Viewport } from '../viewer/ui/timeline/viewport.ts'
import { describeSpan } from '../viewer/ui/timeline/words.ts'
import { draw } from './draw.ts'
import { concurrentTrace } from './support/random-run.ts'

const MS = 1_000_000

function open(text: string): RunModel {
  const trace = draw(text)
  return new RunModel(unpackRun(packRun(trace, analyze(trace))))
}

const named = (run: RunModel, name: string): number => Array.from({ length: run.count }, (_, i) => i).find((i) => run.name(i) === name)!

const AGENT = `
  agent 0-100
    plan 0-40 llm model=gpt-5-mini in=1200 out=80 first=20 last=36 attempts=2-5:429,9-15:200 reader=0,4,0 asks=search#c1,orders#c2
    search 42-60 tool call=c1 by=plan
    orders 61-80 tool call=c2 by=plan failed=TimeoutError:no_answer
    write 82-98 llm model=gpt-5 in=900 out=10 carries=c1,c2 repeats=plan
      log 84-99
`

describe('the inside of a call', () => {
  test('stretches follow each other, and failed attempts stand where they were', () => {
    const run = open(AGENT)
    const plan = named(run, 'plan')
    const stretches = stretchesOf(run.call(plan)!, run.spans.start[plan]!)
    expect(stretches.map(({ kind, from, to }) => `${kind} ${Math.round(from * 40)}-${Math.round(to * 40)}`)).toEqual([
      'wait 0-2', 'attempt 2-5', 'backoff 5-9', 'headers 9-15', 'first-token 15-20', 'decode 20-32', 'reader 32-36', 'rest 36-40',
    ])
  })

  test('of any call they cover it without a gap', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { calls, spans } = analyze(concurrentTrace(seed))
      for (const call of calls) {
        const stretches = stretchesOf(call, spans.find(({ id }) => id === call.spanId)!.startNs)
        if (stretches.length === 0) continue
        expect(stretches[0]!.from).toBe(0)
        expect(stretches.at(-1)!.to).toBe(1)
        stretches.slice(1).forEach(({ from }, i) => expect(from).toBe(stretches[i]!.to))
      }
    }
  })
})

describe('search', () => {
  const run = open(AGENT)
  const found = (text: string): string[] | undefined => findSpans(run, text)?.all.map((i) => run.name(i))

  test('by name, category, model and error; all words count', () => {
    expect(found('SEAR')).toEqual(['search'])
    expect(found('tool')).toEqual(['search', 'orders'])
    expect(found('gpt-5')).toEqual(['plan', 'write'])
    expect(found('gpt-5-mini')).toEqual(['plan'])
    expect(found('timeout')).toEqual(['orders'])
    expect(found('tool timeout')).toEqual(['orders'])
    expect(found('tool gpt')).toEqual([])
    expect(found('  ')).toBeUndefined()
  })

  test('goes round', () => {
    expect(stepTo(3, -1, 1)).toBe(0)
    expect(stepTo(3, -1, -1)).toBe(2)
    expect(stepTo(3, 2, 1)).toBe(0)
    expect(stepTo(3, 0, -1)).toBe(2)
    expect(stepTo(0, -1, 1)).toBe(-1)
  })
})

describe('what needs what', () => {
  test('is said with its evidence, from both sides', () => {
    const run = open(AGENT)
    const ties = tiesOf(run)
    const texts = (name: string): string[] => tieTexts(run, ties.get(named(run, name)) ?? [])
    expect(texts('search')).toEqual(['needs plan: its answer asked for this', 'needed by write: its request carries the result', 'could have run with orders: one answer asked for both'])
    expect(texts('write')).toContain('needs search: the request carries its result')
    expect(texts('plan')).toContain('needed by orders: the answer asked for it')
    expect(texts('agent')).toEqual([])
  })
})

describe('keys', () => {
  const run = open(AGENT)
  const tree = treeOf(run.spans.parent)
  const layout = layOut(tree, run.spans)
  const go = (from: string, direction: Direction): string => run.name(neighbour(named(run, from), direction, tree, run.spans, layout))

  test('lead to siblings in time, to the parent and to the first child', () => {
    expect(go('search', 'right')).toBe('orders')
    expect(go('search', 'left')).toBe('plan')
    expect(go('plan', 'left')).toBe('plan')
    expect(go('search', 'up')).toBe('agent')
    expect(go('agent', 'down')).toBe('plan')
    expect(go('agent', 'up')).toBe('agent')
    expect(go('search', 'first')).toBe('plan')
    expect(go('search', 'last')).toBe('write')
    expect(go('search', 'down')).toBe('search')
  })

  test('do not lead into what is collapsed', () => {
    const collapsed = new Uint8Array(run.count)
    collapsed[named(run, 'write')] = 1
    const closed = layOut(tree, run.spans, collapsed)
    expect(neighbour(named(run, 'write'), 'down', tree, run.spans, closed)).toBe(named(run, 'write'))
  })

  test('a span is described in full', () => {
    expect(describeSpan(run, tree, named(run, 'orders'), false)).toBe('orders, tool, 19.0 ms, self 19.0 ms, from 61.0 ms, critical path 19.0 ms, no children, failed: TimeoutError, no answer.')
    expect(describeSpan(run, tree, named(run, 'log'), false)).toContain('ended after its parent')
    expect(describeSpan(run, tree, named(run, 'write'), true)).toContain('1 child, collapsed, 1 span inside')
    const later = { start: run.spans.start.map((time) => time + MS), end: run.spans.end.slice() }
    expect(describeSpan(run, tree, named(run, 'orders'), false, later)).toBe('orders, tool, 18.0 ms, was 19.0 ms, from 62.0 ms, was 61.0 ms, no children, failed: TimeoutError, no answer.')
  })
})

describe('the view', () => {
  const run = open(AGENT)
  const tree = treeOf(run.spans.parent)
  const layout = layOut(tree, run.spans)
  const view: Viewport = { range: { from: 0, to: 100 * MS }, width: 1_000, height: 200, top: 0, size: ROOMY }

  test('what lies at a point, with some reach for what is thin', () => {
    const at = (x: number, row: number): string | undefined => {
      const hit = spanAt(view, layout, run.spans, x, AXIS_HEIGHT + row * ROOMY.row + 8)
      return hit === undefined ? undefined : run.name(hit)
    }
    expect(at(10, 0)).toBe('agent')
    expect(at(500, 1)).toBe('search')
    expect(at(602, 1)).toBe('search')
    expect(at(608, 1)).toBe('orders')
    expect(at(412, 1)).toBeUndefined()
    expect(at(10, 9)).toBeUndefined()
    expect(spanAt(view, layout, run.spans, 10, 5)).toBeUndefined()
    expect(rowsInView(view, 3)).toEqual([0, 3])
    expect(rowsInView({ ...view, top: 30, height: 20 }, 3)).toEqual([1, 3])
  })

  test('pixels and times are each other’s inverse', () => {
    expect(toX(view, toTime(view, 321))).toBeCloseTo(321)
  })

  test('the address holds milliseconds, exact to the nanosecond', () => {
    const bounds = boundsOf(run.spans)
    expect(bounds.from).toBeLessThan(0)
    expect(fromAddress(String(toAddress(1_234_567, 5)), String(toAddress(9_876_543, 5)), 5, bounds)).toEqual({ from: 1_234_567, to: 9_876_543 })
    for (const [from, to] of [[null, null], ['', ''], ['a', '5'], ['5', 'x'], ['9', '3'], ['Infinity', '3']] as const) expect(fromAddress(from, to, 0, bounds)).toBeUndefined()
    expect(boundsOf(run.spans, 500 * MS).to).toBeGreaterThan(500 * MS)
    expect(stretchOf([named(run, 'search'), named(run, 'orders')], run.spans)).toEqual({ from: 42 * MS, to: 80 * MS })
  })

  test('activity counts what works, and not what holds it', () => {
    const { byCategory, most } = activityOf(tree, run.spans, run.spans.category, run.spans.categories.length, { from: 0, to: 100 * MS }, 10)
    const of = (category: string): number[] => [...byCategory[run.spans.categories.indexOf(category)]!].map((share) => Math.round(share * 10) / 10)
    expect(of('llm')).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    expect(of('tool')).toEqual([0, 0, 0, 0, 0.8, 1, 0.9, 1, 0, 0])
    expect(of('agent')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(of('internal')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0.6, 0.9])
    expect(most).toBeCloseTo(1)
  })
})
