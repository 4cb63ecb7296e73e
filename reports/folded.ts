import type { Analysis, CallSummary, SpanView } from '../src/model/analysis.ts'
import { nsToUs } from '../src/model/units.ts'
import type { Report, ReportOptions, Weight } from './shared/report.ts'
import { cleanName } from './shared/text.ts'

/**
 * Folded stacks, as flamegraph.pl, inferno, Pyroscope and speedscope read them: `root;child;leaf 1234`, a line per distinct
 * stack with the sum over its spans as a whole number. Stacks whose sum rounds to nothing are left out.
 */
const units: Readonly<Record<Weight, string>> = { time: 'µs of self time', tokens: 'tokens', cost: 'millionths of a US dollar' }

/** Deeper spans are counted where the limit is: a stack repeats all that is above it, so depth costs its square. */
const MAX_FRAMES = 256
const DEEPER = '(deeper)'

interface Node {
  readonly path: string
  readonly children: Map<string, Node>
  sum: number
}

/**
 * @returns lines in the order of the run, without a newline at the end; empty when nothing weighs anything
 * @throws TypeError when `weight` is not one of `time`, `tokens` and `cost`
 */
function renderFolded(analysis: Analysis, { weight = 'time' }: ReportOptions = {}): string {
  if (!Object.hasOwn(units, weight)) {
    throw new TypeError(`weight must be one of ${Object.keys(units).join(', ')}, got ${JSON.stringify(weight)}`)
  }
  const root: Node = { path: '', children: new Map(), sum: 0 }
  addSpans(root, analysis, weight)
  const lines: string[] = []
  const stack = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const sum = Math.round(node.sum)
    if (sum > 0) lines.push(`${node.path} ${sum}`)
    for (const child of [...node.children.values()].reverse()) stack.push(child)
  }
  return lines.join('\n')
}

export const foldedReport: Report<string> = { name: 'folded', extension: 'folded.txt', render: renderFolded }

function addSpans(root: Node, { spans, calls }: Analysis, weight: Weight): void {
  const nodes = new Map<string, Node>()
  const frames = new Map<string, string>()
  const frameOf = (name: string): string => {
    const known = frames.get(name) ?? frame(name)
    frames.set(name, known)
    return known
  }
  // Parents first: of spans that start together, a child may stand before its parent.
  for (const span of [...spans].sort((a, b) => a.depth - b.depth)) {
    const parent = (span.parentId === undefined ? undefined : nodes.get(span.parentId)) ?? root
    const name = span.depth < MAX_FRAMES ? frameOf(span.name) : DEEPER
    const node = span.depth > MAX_FRAMES ? parent : childOf(parent, name)
    node.sum += weigh(span, span.call === undefined ? undefined : calls[span.call - 1], weight)
    nodes.set(span.id, node)
  }
}

function childOf(parent: Node, name: string): Node {
  const known = parent.children.get(name)
  if (known !== undefined) return known
  const node: Node = { path: parent.path === '' ? name : `${parent.path};${name}`, children: new Map(), sum: 0 }
  parent.children.set(name, node)
  return node
}

function weigh({ selfNs }: SpanView, call: CallSummary | undefined, weight: Weight): number {
  switch (weight) {
    case 'time':
      return nsToUs(selfNs)
    case 'tokens':
      return (call?.usage?.input?.total ?? 0) + (call?.usage?.output?.total ?? 0)
    case 'cost':
      return (call?.costUsd ?? 0) * 1e6
  }
}

/** Without what would end the frame or the line. */
const frame = (name: string): string => cleanName(name).replaceAll(';', ':')
