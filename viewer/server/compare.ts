import { pairRenamed, Places, type Place } from '../../src/analyze/many-runs/align.ts'
import { diffRuns } from '../../src/analyze/many-runs/diff.ts'
import { figuresByCall } from '../../src/analyze/many-runs/figures.ts'
import { analyze } from '../../src/analyze/index.ts'
import type { Analysis } from '../../src/model/analysis.ts'
import type { Comparison, DiffNode, DiffValue } from '../api.ts'
import type { Jobs, RunRef } from './jobs.ts'
import { readRuns } from './run-source.ts'

/** Of both sides together: more would take more memory than a comparison is worth. */
const MAX_SPANS = 2_000_000

/** Both sets in full, and the tree of what they differ in. @throws Error when one side has no run that can be read */
export async function compareRuns({ base, new: next }: Jobs['compare']['job']): Promise<Comparison> {
  const left = { spans: MAX_SPANS }
  const sides = { base: await analysesOf(base, left), new: await analysesOf(next, left) }
  for (const [name, found] of Object.entries(sides)) if (found.length === 0) throw new RangeError(`${name} holds no run that can be read`)
  return { diff: diffRuns(sides.base, sides.new), tree: diffTree(sides.base, sides.new) }
}

async function analysesOf(refs: readonly RunRef[], left: { spans: number }): Promise<Analysis[]> {
  const found: Analysis[] = []
  for (const [path, ofFile] of byPath(refs)) {
    const wanted = new Set(ofFile.map(({ traceId }) => traceId))
    const { traces } = await readRuns(path).catch(() => ({ traces: [] }))
    for (const trace of traces) {
      if (!wanted.has(trace.id) || trace.spans.length > left.spans) continue
      left.spans -= trace.spans.length
      found.push(slim(analyze(trace)))
    }
  }
  return found
}

function byPath(refs: readonly RunRef[]): Map<string, RunRef[]> {
  const groups = new Map<string, RunRef[]>()
  for (const ref of refs) {
    const group = groups.get(ref.path)
    if (group === undefined) groups.set(ref.path, [ref])
    else group.push(ref)
  }
  return groups
}

/** What is not compared is let go: a thousand analyses are in memory at a time. */
function slim(analysis: Analysis): Analysis {
  const { context, spans } = analysis
  return {
    ...analysis, findings: [], observations: [], criticalPath: [], operations: [], latency: [], problems: [],
    context: { ...context, calls: [] },
    spans: spans.map(({ attributes: _attributes, resources: _resources, ...span }) => span),
  }
}

interface Node {
  readonly name: string
  readonly category: string
  readonly base: Sum
  readonly new: Sum
  readonly children: Node[]
}
type Sum = { -readonly [K in keyof DiffValue]: DiffValue[K] }

const noSum = (): Sum => ({ count: 0, totalNs: 0, selfNs: 0, wallNs: 0, tokens: 0, costUsd: 0 })

/** What lies deeper is counted where the tree is cut. */
const MAX_DEPTH = 256

export function diffTree(base: readonly Analysis[], next: readonly Analysis[]): DiffNode {
  const places = new Places()
  const [ofBase, ofNew] = [base.map((analysis) => places.of(analysis)), next.map((analysis) => places.of(analysis))]
  const indexes = (sides: readonly (readonly Place[])[]): Set<number> => new Set(sides.flatMap((list) => list.map(({ index }) => index)))
  const standsFor = pairRenamed(places.all, indexes(ofBase), indexes(ofNew))
  // Parents stand before their children, and what another one stands for behind it.
  const nodes: Node[] = []
  const depths: number[] = []
  for (const place of places.all) {
    const { index, parent } = place
    const above = parent === undefined ? undefined : nodes[parent.index]!
    depths[index] = parent === undefined ? 0 : depths[parent.index]! + 1
    if (standsFor[index] !== place) nodes[index] = nodes[standsFor[index]!.index]!
    else if (above !== undefined && depths[index] >= MAX_DEPTH) nodes[index] = above
    else {
      nodes[index] = { name: place.name, category: place.category, base: noSum(), new: noSum(), children: [] }
      above?.children.push(nodes[index])
    }
  }
  for (const [side, analyses, lists] of [['base', base, ofBase], ['new', next, ofNew]] as const) {
    analyses.forEach((analysis, run) => addRun(analysis, lists[run]!, (index) => nodes[index]![side], depths))
  }
  for (const node of new Set(nodes)) {
    perRun(node.base, base.length)
    perRun(node.new, next.length)
  }
  return nodes[0]!
}

function addRun(analysis: Analysis, places: readonly Place[], sumOf: (index: number) => Sum, depths: readonly number[]): void {
  const calls = figuresByCall(analysis)
  for (const [i, { id, durationNs, selfNs, wallNs }] of analysis.spans.entries()) {
    const { index } = places[i]!
    const sum = sumOf(index)
    // The time of what was cut is inside its parent's already.
    if (depths[index]! < MAX_DEPTH) {
      sum.count++
      sum.totalNs += durationNs
    }
    sum.selfNs += selfNs
    sum.wallNs += wallNs
    const call = calls.get(id)
    sum.tokens += (call?.inputTokens ?? 0) + (call?.outputTokens ?? 0)
    sum.costUsd += call?.costUsd ?? 0
  }
}

function perRun(sum: Sum, runs: number): void {
  sum.count /= runs
  sum.totalNs /= runs
  sum.selfNs /= runs
  sum.wallNs /= runs
  sum.tokens /= runs
  sum.costUsd /= runs
}
