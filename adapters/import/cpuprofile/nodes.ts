import { at, fields, list, text, type Fields } from '../../shared/json.ts'
import type { Problems } from '../shared/json-lines.ts'
import { objects } from '../shared/json-lines.ts'

export interface Node {
  readonly id: number
  readonly name: string
  readonly url: string | undefined
  /** 1-based. */
  readonly line: number | undefined
  parent: Node | undefined
  depth: number
}

/** The call tree. A node that two others claim, or that is its own ancestor, keeps its first parent. */
export function readNodes(profile: unknown, problems: Problems): ReadonlyMap<number, Node> {
  const nodes = new Map<number, Node>()
  const children = new Map<number, readonly unknown[]>()
  const claimed = new Map<number, number>()
  for (const node of listed(profile)) {
    const id = node['id']
    if (typeof id !== 'number' || nodes.has(id)) continue
    const frame = fields(node['callFrame']) ?? node
    const line = frame['lineNumber']
    nodes.set(id, {
      id,
      name: text(frame['functionName']) || '(anonymous)',
      url: text(frame['url']) || undefined,
      line: typeof line === 'number' && Number.isSafeInteger(line) && line >= 0 ? line + 1 : undefined,
      parent: undefined,
      depth: 0,
    })
    children.set(id, list(node['children']))
    if (typeof node['parent'] === 'number') claimed.set(id, node['parent'])
  }
  if (nodes.size === 0) problems.add('the profile has no nodes')
  // Node and DevTools list children; Chrome's trace chunks name parents.
  for (const [id, ids] of children) {
    for (const one of ids) {
      const child = fields(one)?.['id'] ?? one
      if (typeof child === 'number' && !claimed.has(child)) claimed.set(child, id)
    }
  }
  link(nodes, claimed)
  return nodes
}

/** Older profiles hold the nodes inside each other. */
function listed(profile: unknown): Fields[] {
  const nodes = objects(at(profile, 'nodes'))
  const head = fields(at(profile, 'head'))
  if (nodes.length > 0 || head === undefined) return nodes
  const all = [head]
  for (let i = 0; i < all.length; i++) for (const child of objects(all[i]!['children'])) all.push(child)
  return all
}

/** From the roots down: what no root reaches hangs on a ring and stays without a parent. */
function link(nodes: ReadonlyMap<number, Node>, claimed: ReadonlyMap<number, number>): void {
  const below = new Map<number, Node[]>()
  const reached: Node[] = []
  for (const node of nodes.values()) {
    const parent = claimed.get(node.id)
    if (parent === undefined || !nodes.has(parent)) reached.push(node)
    else if (below.has(parent)) below.get(parent)!.push(node)
    else below.set(parent, [node])
  }
  for (let i = 0; i < reached.length; i++) {
    const node = reached[i]!
    for (const child of below.get(node.id) ?? []) {
      child.parent = node
      child.depth = node.depth + 1
      reached.push(child)
    }
  }
}
