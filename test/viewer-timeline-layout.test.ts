import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Trace } from '../src/model/span.ts'
import { columnsOf } from '../viewer/document/pack.ts'
import type { SpanColumns } from '../viewer/document/run-document.ts'
import { collapsedAtFirst, MAX_ROWS, openWithin, shownFor } from '../viewer/ui/timeline/collapse.ts'
import { layOut, type Layout } from '../viewer/ui/timeline/layout.ts'
import { pathPieces } from '../viewer/ui/timeline/path.ts'
import { treeOf, type Tree } from '../viewer/ui/timeline/tree.ts'
import { largeTrace } from '../bench/large-trace.ts'
import { draw } from './draw.ts'
import { concurrentTrace, longTrace } from './support/random-run.ts'

const MS = 1_000_000

function laidOut(trace: Trace, isCollapsed: (name: string) => boolean = () => false): { readonly spans: SpanColumns; readonly tree: Tree; readonly layout: Layout } {
  const spans = columnsOf(analyze(trace).spans)
  const tree = treeOf(spans.parent)
  const collapsed = Uint8Array.from({ length: spans.count }, (_, i) => (isCollapsed(nameOf(spans, i)) ? 1 : 0))
  return { spans, tree, layout: layOut(tree, spans, collapsed) }
}

const nameOf = (spans: SpanColumns, i: number): string => spans.names[spans.name[i]!]!

/** One line a row, one character a millisecond: the bar's name, then its first letter as far as it lasts. */
function lanes(text: string, collapsed: readonly string[] = []): string {
  const { spans, layout } = laidOut(draw(text), (name) => collapsed.includes(name))
  const lines = Array.from({ length: layout.rows }, (_, row) => {
    let line = ''
    for (const i of layout.all.subarray(layout.first[row], layout.first[row + 1])) {
      const name = nameOf(spans, i)
      line = line.padEnd(spans.start[i]! / MS) + name.padEnd((spans.end[i]! - spans.start[i]!) / MS, name[0]).slice(0, Math.max(1, (spans.end[i]! - spans.start[i]!) / MS))
    }
    return line
  })
  return `\n${lines.join('\n')}\n`
}

describe('lanes', () => {
  test('a child lies below its parent, and what follows shares its row', () => {
    expect(lanes(`
      run 0-30
        plan 0-10
          llm 2-8
        search 12-20
        write 20-30
          llm 22-29
    `)).toBe(`
runrrrrrrrrrrrrrrrrrrrrrrrrrrr
planpppppp  searchsswritewwwww
  llmlll              llmllll
`)
  })

  test('what overlaps gets lanes of its own, each as high as what lies in it', () => {
    expect(lanes(`
      run 0-30
        a 2-20
          x 4-12
          y 12-18
        b 3-9
        c 10-19
          z 11-15
        after 22-30
          llm 23-29
    `)).toBe(`
runrrrrrrrrrrrrrrrrrrrrrrrrrrr
  aaaaaaaaaaaaaaaaaa  afteraaa
    xxxxxxxxyyyyyy     llmlll
   bbbbbb ccccccccc
           zzzz
`)
  })

  test('late work keeps its place until it ends; what has no length keeps one too', () => {
    expect(lanes(`
      run 0-20
        ask 0-5
          log 4-12
        next 6-16
        p 17-17
        q 17-17
    `)).toBe(`
runrrrrrrrrrrrrrrrrr
askaa            p
    loglllll     q
      nextnnnnnn
`)
  })

  test('a collapsed span takes one row', () => {
    const text = `
      run 0-30
        a 2-20
          x 4-12
          y 5-18
        b 22-29
          z 23-25
    `
    expect(lanes(text, ['a'])).toBe(`
runrrrrrrrrrrrrrrrrrrrrrrrrrrr
  aaaaaaaaaaaaaaaaaa  bbbbbbb
                       zz
`)
    expect(lanes(text, ['run'])).toBe('\nrunrrrrrrrrrrrrrrrrrrrrrrrrrrr\n')
  })
})

/** What is true of every layout. */
function checkLayout({ spans, tree, layout }: ReturnType<typeof laidOut>): void {
  const { row, rows, first, all, height, parallel } = layout
  const problems: string[] = []
  const used = new Uint8Array(rows)
  for (let i = 0; i < spans.count; i++) {
    const p = tree.parent[i]!
    if (row[i] === -1) {
      if (p === -1 || layout.height[p] !== 1) if (row[p] !== -1) problems.push(`${i} is hidden in an open span`)
      continue
    }
    used[row[i]!] = 1
    if (p !== -1 && (row[i]! <= row[p]! || row[i]! + height[i]! > row[p]! + height[p]!)) problems.push(`${i} is not in the block below its parent`)
  }
  // Compact: no row is empty, and somebody lies right below each open parent.
  if (used.some((one) => one === 0)) problems.push('an empty row')
  tree.children.forEach((own, p) => {
    const open = own.filter((child) => row[child] !== -1)
    if (open.length > 0 && !open.some((child) => row[child] === row[p]! + 1)) problems.push(`nothing lies below ${p}`)
  })
  for (let r = 0; r < rows; r++) {
    for (let at = first[r]! + 1; at < first[r + 1]!; at++) {
      const [a, b] = [all[at - 1]!, all[at]!]
      if (spans.end[a]! > spans.start[b]! || (spans.start[a] === spans.start[b] && spans.end[a] === spans.end[b])) problems.push(`${a} and ${b} overlap`)
    }
  }
  for (let g = 0; g < parallel.count; g++) if (parallel.lanes[g]! < 2) problems.push('a parallel group of one lane')
  expect(problems).toEqual([])
}

describe('laws', () => {
  test('of layouts, whole and as they open', () => {
    for (let seed = 0; seed < 120; seed++) {
      const whole = laidOut(concurrentTrace(seed))
      checkLayout(whole)
      const some = laidOut(concurrentTrace(seed), (name) => name === `s${seed % 7}`)
      checkLayout(some)
    }
  })

  test('the path runs from the start to the end without a gap, in the time that the analysis tells', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { spans, tree } = laidOut(concurrentTrace(seed))
      const path = pathPieces(tree, spans, spans.late)
      const wall = new Float64Array(spans.count)
      let at = spans.start[0]!
      for (let piece = 0; piece < path.count; piece++) {
        expect(path.from[piece]).toBe(at)
        at = path.to[piece]!
        wall[path.span[piece]!]! += at - path.from[piece]!
        expect(path.isOn[path.span[piece]!]).toBe(1)
      }
      expect(at).toBe(spans.end[0])
      expect(wall).toEqual(spans.wall)
    }
  })
})

describe('long runs', () => {
  test('a hundred thousand spans are laid out in no time, in few rows', () => {
    for (const trace of [longTrace(100_000), largeTrace(20_000)]) {
      const spans = columnsOf(trace.spans.map((span, i) => ({
        ...span, depth: 0, startNs: span.start, endNs: span.end ?? 0, durationNs: 0, selfNs: 0, wallNs: 0, slackNs: 0, number: i,
      })))
      const tree = treeOf(spans.parent)
      const began = performance.now()
      const whole = layOut(tree, spans)
      const collapsed = collapsedAtFirst(tree, whole)
      const took = performance.now() - began
      expect(whole.rows).toBeLessThan(60)
      expect(collapsed.some((one) => one === 1)).toBe(false)
      // 60 ms here; what is quadratic takes minutes.
      expect(took).toBeLessThan(1_500)
      pathPieces(tree, spans, spans.late)
    }
  })

  test('what is too high opens in as many rows as there is room for, and each part in turn', () => {
    const { tree, layout } = laidOut(draw(['run 0-1000', ...Array.from({ length: 30 }, (_, agent) => [
      `  agent 0-900`, ...Array.from({ length: 40 }, (__, i) => `    tool 10-${500 + agent + i}`),
    ].join('\n')), '  after 950-990', '    llm 960-980'].join('\n')))
    expect(layout.rows).toBe(1 + 30 * 41)
    const collapsed = collapsedAtFirst(tree, layout)
    expect(collapsed[0]).toBe(0)
    const spans = { start: new Float64Array(collapsed.length), end: new Float64Array(collapsed.length) }
    expect(spans.start.length).toBe(1 + 30 * 41 + 2)
    const open = (flags: Uint8Array): number => collapsed.reduce((count, _, i) => count + (tree.children[i]!.length > 0 && !flags[i] ? 1 : 0), 0)
    // The root and the agent after the others, which has room.
    expect(open(collapsed)).toBe(2)
    const agent = tree.children[0]![3]!
    openWithin(agent, MAX_ROWS, tree, layout, collapsed)
    expect(open(collapsed)).toBe(3)
    const hidden = tree.children[tree.children[0]![4]!]![0]!
    const shown = layOut(tree, { start: Float64Array.from(collapsed), end: Float64Array.from(collapsed) }, collapsed)
    expect(shownFor(hidden, tree, shown)).toBe(tree.parent[hidden])
  })
})
