import type { Attributes } from '../../../src/model/span.ts'
import type { SpanDraft } from '../shared/assemble.ts'
import type { Problems } from '../shared/json-lines.ts'
import type { Node } from './nodes.ts'
import type { Samples } from './samples.ts'

/** More than any viewer shows; what is left out is counted. */
const MAX_SPANS = 500_000
/** Frames above this many are left out: a recursion says nothing new there. */
const MAX_DEPTH = 500

const ROOT = 'root'
const IDLE: readonly string[] = ['(root)', '(idle)']
const COLLECTOR = '(garbage collector)'

interface Open {
  readonly node: Node
  /** Absent when a limit left it out. */
  readonly key: string | undefined
  readonly start: number
}

export interface Drawn {
  /** The root first; none when nothing was sampled. */
  readonly spans: readonly SpanDraft[]
  readonly dropped: number
}

/** One span for each frame from the first to the last of the consecutive samples that it stands in. */
export function drawStacks(nodes: ReadonlyMap<number, Node>, { samples, end }: Samples, problems: Problems): Drawn {
  if (samples.length === 0) return { spans: [], dropped: 0 }
  const stacks = new Stacks()
  let unknown = 0
  let last: readonly Node[] = []
  for (const { node: id, time } of samples) {
    const node = nodes.get(id)
    if (node === undefined) unknown++
    // V8 hangs the collector on the root, but it interrupts what runs.
    const isCollector = node?.name === COLLECTOR
    const stack = node === undefined ? [] : isCollector ? [...last, node] : stackOf(node)
    stacks.change(stack, toNs(time))
    if (!isCollector) last = stack
  }
  stacks.change([], toNs(end))
  if (unknown > 0) problems.add(`${unknown} samples name no node`)
  if (stacks.dropped > 0) problems.add(`${stacks.dropped} spans beyond ${MAX_SPANS} were left out`)
  return {
    spans: [{ key: ROOT, name: 'CPU profile', category: 'internal', start: 0, end: toNs(end) }, ...stacks.spans],
    dropped: stacks.dropped,
  }
}

const toNs = (us: number): number => Math.round(us * 1_000)

/** From the outermost frame in. */
function stackOf(node: Node): Node[] {
  const stack: Node[] = []
  let one: Node | undefined = node
  while (one !== undefined && one.depth > MAX_DEPTH) one = one.parent
  for (; one !== undefined; one = one.parent) if (!IDLE.includes(one.name)) stack.push(one)
  return stack.reverse()
}

class Stacks {
  readonly spans: SpanDraft[] = []
  dropped = 0
  readonly #open: Open[] = []
  #begun = 0

  /** What is in both stacks goes on; the rest of the old one ends, that of the new one begins. */
  change(stack: readonly Node[], time: number): void {
    let same = 0
    while (same < stack.length && this.#open[same]?.node === stack[same]) same++
    while (this.#open.length > same) this.#end(time)
    for (const node of stack.slice(same)) this.#open.push({ node, key: this.#nextKey(), start: time })
  }

  #nextKey(): string | undefined {
    if (this.#begun < MAX_SPANS) return `frame ${++this.#begun}`
    this.dropped++
    return undefined
  }

  #end(end: number): void {
    const { node: { name, url, line }, key, start } = this.#open.pop()!
    if (key === undefined) return
    const attributes: Attributes = {
      ...(url !== undefined && { 'code.file.path': url }),
      ...(line !== undefined && url !== undefined && { 'code.line.number': line }),
    }
    this.spans.push({ key, parent: this.#open.at(-1)?.key ?? ROOT, name, category: 'internal', start, end, attributes })
  }
}
