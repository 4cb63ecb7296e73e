import { useCallback, useMemo, useState } from 'preact/hooks'
import type { RunModel } from '../run/run-model.ts'
import { stretchesOf, type Stretch } from './call-phases.ts'
import { collapsedAtFirst, MAX_ROWS, openWithin } from './collapse.ts'
import { layOut, type Layout } from './layout.ts'
import { pathPieces, type PathPieces } from './path.ts'
import { treeOf, type Times, type Tree } from './tree.ts'

/** A run, or a run as it could have been, laid out. */
export interface Timeline {
  readonly tree: Tree
  readonly times: Times
  readonly late: Uint8Array
  readonly path: PathPieces
  readonly layout: Layout
  readonly collapsed: Uint8Array
  readonly stretches: (span: number) => readonly Stretch[]
  /** Opens a span, or collapses it. */
  readonly toggle: (span: number) => void
  /** Opens all that the spans lie in. */
  readonly reveal: (spans: readonly number[]) => void
}

/** Charts of one run share what depends on the run alone. */
const trees = new WeakMap<RunModel, Tree>()

export function treeOfRun(run: RunModel): Tree {
  let tree = trees.get(run)
  if (tree === undefined) trees.set(run, tree = treeOf(run.spans.parent))
  return tree
}

export function useTimeline(run: RunModel, given: Times | undefined): Timeline {
  const tree = treeOfRun(run)
  const fixed = useMemo(() => {
    const times = given ?? run.spans
    // Nobody waited for late work, and nobody would have: the analysis knows it from clocks that differ a little.
    const { late } = run.spans
    const whole = layOut(tree, times)
    return { times, late, whole, path: pathPieces(tree, times, late), collapsed: collapsedAtFirst(tree, whole), stretches: stretchesFor(run) }
  }, [run, given])
  const [changed, setChanged] = useState<Changed | undefined>(undefined)
  const collapsed = useMemo(() => (changed === undefined ? fixed.collapsed : carriedOver(changed, run, fixed.collapsed)), [fixed, changed])
  const layout = useMemo(() => (collapsed.includes(1) ? layOut(tree, fixed.times, collapsed) : fixed.whole), [fixed, collapsed])
  const change = useCallback((edit: (flags: Uint8Array) => void) => {
    setChanged((before) => {
      const flags = before === undefined ? fixed.collapsed.slice() : carriedOver(before, run, fixed.collapsed).slice()
      edit(flags)
      return { run, collapsed: flags }
    })
  }, [fixed])
  const toggle = useCallback((span: number) => change((flags) => {
    if (flags[span] === 0) flags[span] = tree.children[span]!.length > 0 ? 1 : 0
    else openWithin(span, MAX_ROWS, tree, fixed.whole, flags)
  }), [change])
  const reveal = useCallback((spans: readonly number[]) => {
    if (spans.every((span) => layout.row[span] !== -1)) return
    change((flags) => {
      for (const span of spans) {
        const inside: number[] = []
        for (let at = tree.parent[span]!; at !== -1; at = tree.parent[at]!) inside.push(at)
        // From the outside in, so that what is opened opens in as many rows as there is room for.
        for (const one of inside.reverse()) if (flags[one] === 1) openWithin(one, MAX_ROWS, tree, fixed.whole, flags)
      }
    })
  }, [change, layout])
  return { tree, ...fixed, layout, collapsed, toggle, reveal }
}

interface Changed {
  readonly run: RunModel
  readonly collapsed: Uint8Array
}

/** What was opened and collapsed stays so in a run that goes on, which comes anew with more spans. In another run it means nothing. */
function carriedOver(before: Changed, run: RunModel, atFirst: Uint8Array): Uint8Array {
  if (before.run === run) return before.collapsed
  if (before.run.analysis.run.traceId !== run.analysis.run.traceId) return atFirst
  return atFirst.map((flag, i) => {
    const place = before.run.placeOf(run.spans.ids[i]!)
    return place === undefined ? flag : before.collapsed[place]!
  })
}

function stretchesFor(run: RunModel): (span: number) => readonly Stretch[] {
  const known = new Map<number, readonly Stretch[]>()
  return (span) => {
    let stretches = known.get(span)
    if (stretches === undefined) {
      const call = run.call(span)
      known.set(span, stretches = call === undefined ? [] : stretchesOf(call, run.spans.start[span]!))
    }
    return stretches
  }
}
