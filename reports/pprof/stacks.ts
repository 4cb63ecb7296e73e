import type { Analysis, SpanView } from '../../src/model/analysis.ts'

export interface Frame {
  readonly name: string
  readonly category: string
}

/** All spans whose ancestors have the same names and categories. */
export interface Stack {
  /** Leaf first. */
  readonly frames: readonly Frame[]
  readonly wallNs: number
  readonly tokens: number
  readonly microUsd: number
}

/** Deeper stacks lose the frames next to the root. */
const MAX_FRAMES = 512

interface Node {
  readonly frame: Frame
  readonly parent: Node | undefined
  readonly children: Map<string, Node>
  wallNs: number
  tokens: number
  usd: number
}

/** The stacks that have time on the critical path, tokens or cost. */
export function stacksOf({ spans, calls }: Analysis): Stack[] {
  const callOf = new Map(calls.map((call) => [call.spanId, call]))
  const roots = new Map<string, Node>()
  const nodes: Node[] = []
  const nodeOf = new Map<string, Node>()
  // Parents first: an imported child may have started before its parent.
  for (const span of spans.toSorted((a, b) => a.depth - b.depth)) {
    const parent = span.parentId === undefined ? undefined : nodeOf.get(span.parentId)
    const siblings = parent?.children ?? roots
    const key = `${span.category}\0${span.name}`
    let node = siblings.get(key)
    if (node === undefined) {
      node = newNode(span, parent)
      siblings.set(key, node)
      nodes.push(node)
    }
    nodeOf.set(span.id, node)
    const call = callOf.get(span.id)
    node.wallNs += span.wallNs
    node.tokens += (call?.usage?.input?.total ?? 0) + (call?.usage?.output?.total ?? 0)
    node.usd += call?.costUsd ?? 0
  }
  return withWholeCosts(nodes)
}

const newNode = ({ name, category }: SpanView, parent: Node | undefined): Node =>
  ({ frame: { name, category }, parent, children: new Map(), wallNs: 0, tokens: 0, usd: 0 })

/** Rounds the running sum and not each cost, so that the whole is right to half a millionth of a dollar. */
function withWholeCosts(nodes: readonly Node[]): Stack[] {
  let usd = 0
  let written = 0
  return nodes.flatMap((node) => {
    usd += node.usd
    const microUsd = Math.round(usd * 1e6) - written
    written += microUsd
    const { wallNs, tokens } = node
    return wallNs + tokens + microUsd === 0 ? [] : [{ frames: framesOf(node), wallNs, tokens, microUsd }]
  })
}

function framesOf(leaf: Node): Frame[] {
  const frames: Frame[] = []
  for (let node: Node | undefined = leaf; node !== undefined && frames.length < MAX_FRAMES; node = node.parent) {
    frames.push(node.frame)
  }
  return frames
}
