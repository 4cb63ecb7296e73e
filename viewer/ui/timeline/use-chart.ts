import type { RefObject } from 'preact'
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { color } from '../canvas/colors.ts'
import type { Bounds, Range } from '../canvas/range.ts'
import { boundsOf } from './bounds.ts'
import { tiesOf, type Tie } from './dependencies.ts'
import type { Look, Scene } from './scene.ts'
import type { TimelineChartProps } from './timeline-chart.tsx'
import type { Point } from './use-gestures.ts'
import { useTimeline, type Timeline } from './use-timeline.ts'
import { AXIS_HEIGHT, COMPACT, rowSizeFor, type RowSize } from './viewport.ts'

/** What a chart knows at one moment, and how that is changed. */
export interface Chart {
  readonly timeline: Timeline
  readonly ties: ReadonlyMap<number, readonly Tie[]>
  readonly bounds: Bounds
  readonly range: Range
  readonly setRange: (range: Range) => void
  /** Where the keys go on from. */
  readonly focused: number | undefined
  readonly setFocused: (span: number | undefined | ((before: number | undefined) => number | undefined)) => void
  /** Whether the focused span is shown and described: somebody goes by keys, or from match to match. */
  readonly isGuided: boolean
  readonly setHasKeyboard: (has: boolean) => void
  readonly hover: Point | undefined
  readonly setHover: (point: Point | undefined) => void
  /** The stretch of the axis that is being chosen, pixels. */
  readonly chosen: readonly [from: number, to: number] | undefined
  readonly setChosen: (stretch: readonly [number, number] | undefined) => void
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly top: number
  readonly setTop: (top: number) => void
  readonly size: RowSize
  /** Of the canvas; and of all rows, which scroll below its axis. */
  readonly height: number
  readonly rowsHeight: number
  readonly sceneOf: (width: number) => Scene
}

const PLAIN_LOOK: Look = { showPath: true, showSlack: false, matches: undefined, hidden: new Set() }
const NO_SPANS: ReadonlySet<number> = new Set()

export function useChart(props: TimelineChartProps): Chart {
  const { run, end, emphasised, shortened, compact = false, look = PLAIN_LOOK, selected, marked = NO_SPANS } = props
  // Its own times may be given too.
  const times = props.times?.start === run.spans.start && props.times.end === run.spans.end ? undefined : props.times
  const timeline = useTimeline(run, times)
  const bounds = useMemo(() => boundsOf(timeline.times, end), [timeline.times, end])
  const [ownRange, setOwnRange] = useState<Range | undefined>(undefined)
  const range = props.range ?? ownRange ?? bounds
  const ties = useMemo(() => (times === undefined ? tiesOf(run) : new Map<number, Tie[]>()), [run, times])
  const [focused, setFocused] = useState<number | undefined>(undefined)
  const [hasKeyboard, setHasKeyboard] = useState(false)
  const [hover, setHover] = useState<Point | undefined>(undefined)
  const [chosen, setChosen] = useState<readonly [number, number] | undefined>(undefined)
  const [top, setTop] = useState(0)
  const size = compact ? COMPACT : rowSizeFor(timeline.layout.rows)
  const rowsHeight = timeline.layout.rows * size.row + size.row / 2
  const scroller = useRef<HTMLDivElement>(null)
  const height = useHeight(scroller, rowsHeight, compact)
  return {
    timeline, ties, bounds, range, setRange: props.onRange ?? setOwnRange, focused, setFocused, hover, setHover, chosen, setChosen, top, setTop, size, height, rowsHeight,
    setHasKeyboard, scroller, isGuided: hasKeyboard || (look.matches !== undefined && props.goTo?.focuses === true),
    sceneOf: (width) => ({
      run, ...timeline, look, marked, selected, focused, emphasised, shortened, slack: times === undefined ? run.spans.slack : undefined,
      view: { range, width, height: height - AXIS_HEIGHT, top, size },
    }),
  }
}

/** Below the chart the window's edge shows that something follows. */
const BELOW = 28

/** As high as the rows are, as far as the window allows: to its lower edge, where the page is not scrolled. */
function useHeight(scroller: RefObject<HTMLDivElement | null>, rowsHeight: number, compact: boolean): number {
  const [most, setMost] = useState(innerHeight * 0.6)
  useLayoutEffect(() => {
    const measure = (): void => {
      const above = (scroller.current?.getBoundingClientRect().top ?? 0) + scrollY
      setMost(compact ? Math.max(160, innerHeight * 0.42) : Math.max(320, innerHeight * 0.6, innerHeight - above - BELOW))
    }
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [compact])
  return Math.round(Math.min(rowsHeight + AXIS_HEIGHT, most))
}

export const axisFont = (): string => `11px ${color('--font')}`
