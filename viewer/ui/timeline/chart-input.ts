import type { TargetedKeyboardEvent } from 'preact'
import { around, moved, zoomed, type Range } from '../canvas/range.ts'
import { stretchOf } from './bounds.ts'
import { shownFor } from './collapse.ts'
import { hasTriangle, TRIANGLE } from './draw/label.ts'
import { neighbour, type Direction } from './neighbours.ts'
import type { TimelineChartProps } from './timeline-chart.tsx'
import type { Times } from './tree.ts'
import type { Chart } from './use-chart.ts'
import type { Gestures } from './use-gestures.ts'
import { AXIS_HEIGHT, spanAt, toTime, toX, type Viewport } from './viewport.ts'

/** What the pointer does in a chart. */
export function gesturesOf(chart: Chart, view: Viewport, { onSelect }: TimelineChartProps): Gestures {
  const { timeline, range, bounds, setRange } = chart
  const hitAt = (x: number, y: number): number | undefined => spanAt(view, timeline.layout, timeline.times, x, y)
  return {
    onZoom: (factor, x) => setRange(zoomed(range, bounds, factor, toTime(view, x))),
    onPan: (dx, dy) => {
      if (dx !== 0) setRange(moved(range, bounds, toTime(view, dx) - range.from))
      if (dy !== 0 && chart.scroller.current !== null) chart.scroller.current.scrollTop += dy
    },
    onHover: chart.setHover,
    onTap: ({ x, y }) => {
      const hit = hitAt(x, y)
      if (hit === undefined) {
        if (y >= AXIS_HEIGHT) onSelect?.(undefined)
        return { span: undefined }
      }
      const x0 = toX(view, timeline.times.start[hit]!)
      if (hasTriangle(timeline, hit, toX(view, timeline.times.end[hit]!) - x0) && x < Math.max(0, x0) + TRIANGLE + 5) {
        timeline.toggle(hit)
        return undefined
      }
      chart.setFocused(hit)
      onSelect?.(hit)
      return { span: hit }
    },
    onDouble: ({ span }) => setRange(span === undefined ? bounds : around(stretchOf([span], timeline.times), bounds)),
    onChoose: (from, to, state) => {
      chart.setChosen(state === 'going on' ? [from, to] : undefined)
      if (state === 'done') setRange(zoomed({ from: toTime(view, Math.min(from, to)), to: toTime(view, Math.max(from, to)) }, bounds, 1, toTime(view, (from + to) / 2)))
    },
    isAxis: ({ y }) => y < AXIS_HEIGHT,
  }
}

const directions: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last' }
const CLOSER = 0.6

/** What the keys do in a chart. @param show goes to a span */
export function onChartKey(event: TargetedKeyboardEvent<HTMLCanvasElement>, chart: Chart, { onSelect }: TimelineChartProps, show: (span: number) => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { timeline, focused, range, bounds, setRange } = chart
  const at = focused === undefined ? undefined : shownFor(focused, timeline.tree, timeline.layout)
  const zoom = (factor: number): void => setRange(zoomed(range, bounds, factor, middleOf(at, timeline.times, range)))
  const direction = directions[event.key]
  const act = direction !== undefined ? () => show(at === undefined ? 0 : neighbour(at, direction, timeline.tree, timeline.times, timeline.layout)) : {
    'Enter': () => onSelect?.(at),
    ' ': () => onSelect?.(at),
    'Escape': () => onSelect?.(undefined),
    '+': () => zoom(CLOSER),
    '=': () => zoom(CLOSER),
    '-': () => zoom(1 / CLOSER),
    '0': () => setRange(bounds),
    'f': () => setRange(at === undefined ? range : around(stretchOf([at], timeline.times), bounds)),
    'c': () => at !== undefined && timeline.toggle(at),
  }[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
}

/** Zooming by keys keeps the focused span where it is, where it is in view. */
function middleOf(span: number | undefined, { start, end }: Times, { from, to }: Range): number {
  if (span === undefined || start[span]! > to || end[span]! < from) return (from + to) / 2
  return (Math.max(from, start[span]!) + Math.min(to, end[span]!)) / 2
}
