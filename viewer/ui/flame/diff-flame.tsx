import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { formatShare, plural } from '../../../reports/shared/numbers.ts'
import type { DiffNode } from '../../api.ts'
import { Crumbs } from './crumbs.tsx'
import { diffModel, diffPicture, isShown, type DiffState } from './diff-picture.ts'
import { DiffLegend } from './diff-legend.tsx'
import { DiffTable } from './diff-table.tsx'
import { DiffToolbar } from './diff-toolbar.tsx'
import { diffWords, DiffTooltip } from './diff-details.tsx'
import { presenceOf, type DiffSums, type DiffTree } from './diff-tree.ts'
import { FlameCanvas, FlameKeys } from './flame-canvas.tsx'
import { pathTo } from './hit.ts'
import { Found } from './search-field.tsx'
import { wordsOf } from './weights.ts'

/** What two runs, or two sets of them, spent in another way: by path, siblings of one name together, means per run. */
export function DiffFlame({ tree }: { readonly tree: DiffNode }): JSX.Element {
  const model = useMemo(() => diffModel(tree), [tree])
  const [state, setState] = useState<DiffState>({ weight: 'path', width: 'new', change: 'share', search: '' })
  const [zoomed, setZoom] = useState<number>()
  const [focused, setFocus] = useState<number>()
  const search = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const change = (changes: Partial<DiffState>): void => setState((before) => ({ ...before, ...changes }))
  const shown = useMemo(() => diffPicture(model, state), [model, state])
  const { picture, sums, matches, scale } = shown
  const inPicture = (frame: number | undefined): number | undefined => (frame !== undefined && isShown(picture, frame) ? frame : undefined)
  const zoom = inPicture(zoomed)
  const show = (frame: number): void => {
    // What is gone has no width on the new side, and what is new none on the old one.
    if (!isShown(picture, frame)) change({ width: 'both' })
    setFocus(frame)
    setZoom(model.tree.forest.parent[frame] === -1 ? undefined : frame)
    box.current?.querySelector('canvas')?.focus({ preventScroll: false })
  }
  return (
    <div class="stack">
      <section class="card" aria-label="Flame graph of the difference">
        <DiffToolbar model={model} state={state} onChange={change} search={search} onLeave={() => box.current?.querySelector('canvas')?.focus()} />
        <div class="flame-where">
          <Crumbs path={zoom === undefined ? picture.layout.byRow.slice(0, 1) : pathTo(picture.layout, zoom)} name={picture.name} onChoose={setZoom} />
          <Found words={matches && foundWords(matches, sums, state)} onClear={() => change({ search: '' })} />
        </div>
        <div ref={box}>
          <FlameCanvas
            label="Flame graph of the difference" picture={picture} zoom={zoom} onZoom={setZoom} focused={inPicture(focused)} onFocus={setFocus}
            onSearch={() => search.current?.focus()} flipped={false}
            describe={(frame) => diffWords(model, sums, state, frame)} tooltip={(frame) => <DiffTooltip model={model} sums={sums} state={state} frame={frame} />}
          />
        </div>
        <div class="flame-notes">
          <DiffLegend scale={scale} state={state} />
          <p>{captionOf(model.tree, sums, state)}</p>
          <FlameKeys opens={false} />
        </div>
      </section>
      <DiffTable model={model} sums={sums} state={state} onChoose={show} />
    </div>
  )
}

function foundWords(matches: { readonly count: number; readonly base: number; readonly new: number }, sums: DiffSums, { weight }: DiffState): string {
  if (matches.count === 0) return 'no frame matches'
  const share = (side: 'base' | 'new'): string => formatShare(sums[side].whole > 0 ? matches[side] / sums[side].whole : 0)
  return `${plural(matches.count, 'frame')}, ${share('base')} of ${wordsOf[weight]} before, ${share('new')} now`
}

function captionOf({ nodes }: DiffTree, sums: DiffSums, { width, weight }: DiffState): string {
  const side = width === 'both' ? 'the larger of its two shares' : `its share of ${wordsOf[weight]} on the ${width} side`
  const hidden = nodes.filter((node, i) => (width === 'new' ? presenceOf(node) === 'gone' && sums.base.total[i]! > 0 : width === 'base' && presenceOf(node) === 'added' && sums.new.total[i]! > 0)).length
  const missing = hidden === 0 ? '' : ` ${plural(hidden, 'frame')} that ${hidden === 1 ? 'is' : 'are'} ${width === 'new' ? 'gone' : 'new'} ${hidden === 1 ? 'has' : 'have'} no width here: choose Both.`
  return `A frame is as wide as ${side}, with all inside of it. Means per run.${missing}`
}
