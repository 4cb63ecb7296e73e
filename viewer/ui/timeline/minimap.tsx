import type { JSX, TargetedPointerEvent } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { color } from '../canvas/colors.ts'
import { lengthOf, moved, zoomed, type Bounds, type Range } from '../canvas/range.ts'
import { useCanvas, type Surface } from '../canvas/use-canvas.ts'
import { categoryColor } from '../parts/category.tsx'
import type { RunModel } from '../run/run-model.ts'
import { activityOf, type Activity } from './activity.ts'
import { treeOfRun } from './use-timeline.ts'

const HEIGHT = 46
/** Two pixels a column: a finer line says nothing more. */
const COLUMN = 2

interface MinimapProps {
  readonly run: RunModel
  readonly bounds: Bounds
  readonly range: Range
  readonly onRange: (range: Range) => void
}

type Grip = 'move' | 'from' | 'to' | 'new'

/** How much ran when, over the whole run; what is in view is a window that can be moved and resized. The keyboard zooms in the chart itself. */
export function Minimap({ run, bounds, range, onRange }: MinimapProps): JSX.Element {
  const [known, setKnown] = useState(0)
  const activity = useMemo(() => (known === 0 ? undefined
    : activityOf(treeOfRun(run), run.spans, run.spans.category, run.spans.categories.length, bounds, Math.max(1, Math.floor(known / COLUMN)))), [run, bounds, known])
  const { ref, width } = useCanvas(HEIGHT, (surface) => {
    if (surface.width !== known) setKnown(surface.width)
    if (activity !== undefined) drawActivity(surface, activity, run.spans.categories)
  }, [activity])
  const drag = useRef<{ readonly grip: Grip; readonly at: number; readonly range: Range } | undefined>(undefined)
  const timeAt = (x: number): number => bounds.from + (x / Math.max(1, width)) * lengthOf(bounds)
  const share = (time: number): number => ((time - bounds.from) / lengthOf(bounds)) * 100
  const isWhole = range.from <= bounds.from && range.to >= bounds.to

  const onDown = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return
    const box = event.currentTarget
    const at = timeAt(event.clientX - box.getBoundingClientRect().left)
    const asked = event.target instanceof HTMLElement ? event.target.dataset['grip'] : undefined
    const grip: Grip = asked === 'from' || asked === 'to' ? asked : asked === 'move' && !isWhole ? 'move' : 'new'
    box.setPointerCapture(event.pointerId)
    drag.current = { grip, at, range }
  }
  const onMove = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    if (drag.current === undefined) return
    const now = timeAt(event.clientX - event.currentTarget.getBoundingClientRect().left)
    onRange(dragged(drag.current, now, bounds))
  }
  const onUp = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    if (drag.current === undefined) return
    const { grip, at, range: before } = drag.current
    drag.current = undefined
    const now = timeAt(event.clientX - event.currentTarget.getBoundingClientRect().left)
    const isClick = Math.abs(now - at) < (lengthOf(bounds) / Math.max(1, width)) * 4
    // A click brings the window there.
    if (grip === 'new' && isClick) onRange(moved(before, bounds, at - (before.from + before.to) / 2))
  }
  const [from, to] = [share(range.from), share(range.to)]
  return (
    <div class="minimap" onPointerDown={onDown} onPointerMove={onMove} onPointerUp={onUp} onPointerCancel={() => (drag.current = undefined)}>
      <canvas ref={ref} role="img" aria-label="How many spans ran at the same time, over the whole run" />
      {activity !== undefined && activity.most > 1.05 && <span class="most">{peakText(activity.most)}</span>}
      <div class="outside" style={{ left: 0, width: `${from}%` }} />
      <div class="outside" style={{ left: `${to}%`, right: 0 }} />
      <div class={isWhole ? 'window whole' : 'window'} data-grip="move" style={{ left: `${from}%`, width: `max(${to - from}%, 4px)` }}>
        <div class="handle from" data-grip="from" />
        <div class="handle to" data-grip="to" />
      </div>
    </div>
  )
}

const peakText = (most: number): string => `up to ${most >= 9.95 ? formatCount(most) : Number(most.toFixed(1))} at once`

function dragged({ grip, at, range }: { readonly grip: Grip; readonly at: number; readonly range: Range }, now: number, bounds: Bounds): Range {
  switch (grip) {
    case 'move':
      return moved(range, bounds, now - at)
    case 'new':
      return fitting({ from: Math.min(at, now), to: Math.max(at, now) }, bounds)
    case 'from':
      return fitting({ from: Math.min(now, range.to - bounds.least), to: range.to }, bounds)
    case 'to':
      return fitting({ from: range.from, to: Math.max(now, range.from + bounds.least) }, bounds)
  }
}

const fitting = (range: Range, bounds: Bounds): Range => zoomed({ from: Math.max(bounds.from, range.from), to: Math.min(bounds.to, range.to) }, bounds, 1, range.from)

function drawActivity({ context, width, height }: Surface, { byCategory, columns, most }: Activity, categories: readonly string[]): void {
  const below = new Float64Array(columns)
  const scale = (height - 4) / Math.max(1, most)
  const step = width / columns
  byCategory.forEach((own, c) => {
    context.fillStyle = color(categoryColor(categories[c]!))
    context.beginPath()
    for (let x = 0; x < columns; x++) {
      if (own[x]! <= 0) continue
      const top = height - (below[x]! + own[x]!) * scale
      context.rect(x * step, top, step, Math.max(0.75, own[x]! * scale))
      below[x]! += own[x]!
    }
    context.fill()
  })
}
