import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { color } from '../canvas/colors.ts'
import { around, moved, zoomed, type Bounds, type Range } from '../canvas/range.ts'
import { TextFitter } from '../canvas/text.ts'
import { useCanvas, type Surface } from '../canvas/use-canvas.ts'
import type { RunModel } from '../run/run-model.ts'
import { boundsOf, stretchOf } from './bounds.ts'
import { shownFor } from './collapse.ts'
import { tiesOf } from './dependencies.ts'
import { drawBars } from './draw/bars.ts'
import { drawAxis, drawGround, drawSlack } from './draw/ground.ts'
import { hasTriangle, TRIANGLE } from './draw/label.ts'
import { drawArrows, drawHover, drawOutlines, drawSlackOf } from './draw/marks.ts'
import { drawPath } from './draw/path-line.ts'
import { drawChosen, drawRuler } from './draw/ruler.ts'
import { neighbour, type Direction } from './neighbours.ts'
import type { Look, Scene } from './scene.ts'
import { SpanTooltip } from './span-tooltip.tsx'
import type { Times } from './tree.ts'
import { useGestures, type Point } from './use-gestures.ts'
import { useTimeline } from './use-timeline.ts'
import { AXIS_HEIGHT, COMPACT, ROOMY, spanAt, toTime, toX, type Viewport } from './viewport.ts'
import { describeSpan } from './words.ts'

export const PLAIN_LOOK: Look = { showPath: true, showSlack: false, matches: undefined, hidden: new Set() }
const NO_SPANS: ReadonlySet<number> = new Set()

/** Where the drawing is to go; a new one each time. */
export interface GoTo {
  readonly spans: readonly number[]
  /** Zooms so that they fill the width; else only as far as needed to have them in view. */
  readonly fits: boolean
  /** The keyboard goes on from the first one, which is described. */
  readonly focuses: boolean
}

export interface TimelineChartProps {
  readonly run: RunModel
  /** For those who do not see it. */
  readonly label: string
  /** When the spans ran, where not as they did. */
  readonly times?: Times
  /** The axis goes on to there at least, ns: two drawings share theirs. */
  readonly end?: number
  readonly range?: Range
  readonly onRange?: (range: Range) => void
  /** Lower rows, and as high as its rows are, up to the half of the window. */
  readonly compact?: boolean
  readonly look?: Look
  readonly selected?: number | undefined
  readonly onSelect?: (span: number | undefined) => void
  readonly marked?: ReadonlySet<number>
  /** 1 for spans that are underlined, such as those that would run at another time. */
  readonly emphasised?: Uint8Array
  readonly goTo?: GoTo | undefined
  /** The key `/`. */
  readonly onSearch?: () => void
}

/** The spans of a run over time: lanes, critical path, slack, and what needs what. By itself as one of two, or with controls around it. */
export function TimelineChart(props: TimelineChartProps): JSX.Element {
  const { run, label, end, emphasised, compact = false, look = PLAIN_LOOK, selected, onSelect, marked = NO_SPANS } = props
  // Its own times may be given too.
  const times = props.times?.start === run.spans.start && props.times.end === run.spans.end ? undefined : props.times
  const timeline = useTimeline(run, times)
  const bounds = useMemo(() => boundsOf(timeline.times, end), [timeline.times, end])
  const [ownRange, setOwnRange] = useState<Range>(bounds)
  const range = props.range ?? ownRange
  const setRange = props.onRange ?? setOwnRange
  const ties = useMemo(() => (times === undefined ? tiesOf(run) : new Map<number, never[]>()), [run, times])
  const [focused, setFocused] = useState<number | undefined>(undefined)
  const [hasKeyboard, setHasKeyboard] = useState(false)
  const [hover, setHover] = useState<Point | undefined>(undefined)
  const [chosen, setChosen] = useState<readonly [number, number] | undefined>(undefined)
  const size = compact ? COMPACT : ROOMY
  const rowsHeight = timeline.layout.rows * size.row + size.row / 2
  const height = useHeight(rowsHeight, compact)
  const scroller = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const helpId = useId()
  // By keys, or from match to match.
  const isGuided = hasKeyboard || (look.matches !== undefined && props.goTo?.focuses === true)

  const scene = (width: number): Scene => ({
    run, ...timeline, look, marked, selected, focused, emphasised, slack: times === undefined ? run.spans.slack : undefined,
    view: { range, width, height: height - AXIS_HEIGHT, top, size },
  })
  const base = useCanvas(height, (surface) => drawScene(surface, scene(surface.width), run.startNs, isGuided), [
    timeline, range, top, look, marked, selected, focused, emphasised, isGuided,
  ])
  const view = scene(base.width).view
  const hovered = hover === undefined ? undefined : spanAt(view, timeline.layout, timeline.times, hover.x, hover.y)
  const explained = hovered ?? (isGuided ? focused : undefined) ?? selected
  const overlay = useCanvas(height, ({ context, width }) => {
    const current = scene(width)
    context.save()
    context.beginPath()
    context.rect(0, AXIS_HEIGHT, width, height)
    context.clip()
    if (hovered !== undefined) drawHover(context, current, hovered)
    if (explained !== undefined) {
      drawSlackOf(context, current, explained)
      drawArrows(context, current, explained, ties.get(explained) ?? [])
    }
    context.restore()
    const font = axisFont()
    if (chosen !== undefined) drawChosen(context, current.view, chosen[0], chosen[1], font)
    else if (hover !== undefined) drawRuler(context, current.view, hover.x, run.startNs, font)
  }, [timeline, range, top, hover, hovered, explained, chosen])

  const scrollTo = (row: number): void => {
    const box = scroller.current
    if (box === null) return
    const [y, room] = [row * size.row, height - AXIS_HEIGHT]
    if (y < box.scrollTop) box.scrollTop = Math.max(0, y - size.row)
    else if (y + size.row * 2 > box.scrollTop + room) box.scrollTop = y + size.row * 2 - room
  }
  const show = useShow(props, timeline, { range, bounds, setRange, setFocused, scrollTo })

  useGestures(base.ref, {
    onZoom: (factor, x) => setRange(zoomed(range, bounds, factor, toTime(view, x))),
    onPan: (dx, dy) => {
      if (dx !== 0) setRange(moved(range, bounds, toTime(view, dx) - range.from))
      if (dy !== 0 && scroller.current !== null) scroller.current.scrollTop += dy
    },
    onHover: setHover,
    onTap: ({ x, y }) => {
      const hit = spanAt(view, timeline.layout, timeline.times, x, y)
      if (hit === undefined) return y < AXIS_HEIGHT ? undefined : onSelect?.(undefined)
      const x0 = Math.max(0, toX(view, timeline.times.start[hit]!))
      if (hasTriangle({ tree: timeline.tree }, hit, toX(view, timeline.times.end[hit]!) - x0) && x < x0 + TRIANGLE + 5) return timeline.toggle(hit)
      setFocused(hit)
      onSelect?.(hit)
    },
    onDouble: ({ x, y }) => {
      const hit = spanAt(view, timeline.layout, timeline.times, x, y)
      setRange(hit === undefined ? bounds : around(stretchOf([hit], timeline.times), bounds))
    },
    onChoose: (from, to, state) => {
      setChosen(state === 'going on' ? [from, to] : undefined)
      if (state === 'done') setRange(zoomed({ from: toTime(view, Math.min(from, to)), to: toTime(view, Math.max(from, to)) }, bounds, 1, toTime(view, (from + to) / 2)))
    },
    isAxis: ({ y }) => y < AXIS_HEIGHT,
  })

  const onKey = (event: TargetedKeyboardEvent<HTMLCanvasElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = focused === undefined ? undefined : shownFor(focused, timeline.tree, timeline.layout)
    const direction = directions[event.key]
    const zoom = (factor: number): void => setRange(zoomed(range, bounds, factor, middleOf(at, timeline.times, range)))
    if (direction !== undefined) show(at === undefined ? 0 : neighbour(at, direction, timeline.tree, timeline.times, timeline.layout))
    else if (event.key === 'Enter' || event.key === ' ') onSelect?.(at)
    else if (event.key === 'Escape') onSelect?.(undefined)
    else if (event.key === '+' || event.key === '=') zoom(0.6)
    else if (event.key === '-') zoom(1 / 0.6)
    else if (event.key === '0') setRange(bounds)
    else if (event.key === 'f' && at !== undefined) setRange(around(stretchOf([at], timeline.times), bounds))
    else if (event.key === 'c' && at !== undefined) timeline.toggle(at)
    else if (event.key === '/') props.onSearch?.()
    else return
    event.preventDefault()
  }

  return (
    <div class="timeline-scroll" ref={scroller} style={{ height: `${height}px` }} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <div class="timeline-canvases" style={{ height: `${height}px` }}>
        <canvas
          ref={base.ref} tabIndex={0} role="application" aria-label={label} aria-describedby={helpId} data-on={hover === undefined ? undefined : hover.y < AXIS_HEIGHT ? 'axis' : hovered === undefined ? undefined : 'bar'}
          onKeyDown={onKey} onBlur={() => setHasKeyboard(false)}
          onFocus={(event) => {
            setHasKeyboard(event.currentTarget.matches(':focus-visible'))
            setFocused((before) => before ?? selected ?? 0)
          }}
          onKeyUp={() => setHasKeyboard(true)}
        />
        <canvas ref={overlay.ref} class="timeline-over" aria-hidden="true" />
      </div>
      <div style={{ height: `${Math.max(0, rowsHeight - (height - AXIS_HEIGHT))}px` }} />
      <p class="visually-hidden" id={helpId}>Arrow keys go from span to span: left and right to siblings in time, up to the parent, down to the first child. Enter opens a span, Escape closes it. Plus, minus and 0 zoom, f fits the span, c collapses it.</p>
      <p class="visually-hidden" aria-live="polite">{isGuided && focused !== undefined ? describeSpan(run, timeline.tree, focused, timeline.collapsed[focused] === 1) : ''}</p>
      {hovered !== undefined && hover !== undefined && chosen === undefined && (
        <SpanTooltip run={run} timeline={timeline} span={hovered} ties={ties.get(hovered) ?? []} {...onPage(base.ref.current, hover)} />
      )}
    </div>
  )
}

const directions: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last' }

const axisFont = (): string => `11px ${color('--font')}`

function drawScene({ context, width }: Surface, scene: Scene, originNs: number, hasKeyboard: boolean): void {
  const font = `11.5px ${color('--font')}`
  context.save()
  context.beginPath()
  context.rect(0, AXIS_HEIGHT, width, scene.view.height)
  context.clip()
  drawGround(context, scene, originNs)
  if (scene.look.showSlack) drawSlack(context, scene)
  drawBars(context, scene, { font, fitter: fitterFor(context, font) })
  if (scene.look.showPath) drawPath(context, scene)
  drawOutlines(context, scene, hasKeyboard)
  context.restore()
  drawAxis(context, scene.view, originNs, axisFont())
}

/** Widths are measured once per font. */
const fitters = new Map<string, TextFitter>()
function fitterFor(context: CanvasRenderingContext2D, font: string): TextFitter {
  let fitter = fitters.get(font)
  if (fitter === undefined) fitters.set(font, fitter = new TextFitter(context, font))
  return fitter
}

const onPage = (canvas: HTMLCanvasElement | null, { x, y }: Point): Point => {
  const box = canvas?.getBoundingClientRect()
  return { x: x + (box?.left ?? 0), y: y + (box?.top ?? 0) }
}

/** Zooming by keys keeps the focused span where it is, where it is in view. */
function middleOf(span: number | undefined, { start, end }: Times, { from, to }: Range): number {
  if (span === undefined || start[span]! > to || end[span]! < from) return (from + to) / 2
  return (Math.max(from, start[span]!) + Math.min(to, end[span]!)) / 2
}

/** As high as the rows are, as far as the window allows. */
function useHeight(rowsHeight: number, compact: boolean): number {
  const [room, setRoom] = useState(innerHeight)
  useEffect(() => {
    const read = (): void => setRoom(innerHeight)
    addEventListener('resize', read)
    return () => removeEventListener('resize', read)
  }, [])
  const most = compact ? Math.max(160, room * 0.42) : Math.max(300, room - 190)
  return Math.round(Math.min(rowsHeight + AXIS_HEIGHT, most))
}

interface Moves {
  readonly range: Range
  readonly bounds: Bounds
  readonly setRange: (range: Range) => void
  readonly setFocused: (span: number) => void
  readonly scrollTo: (row: number) => void
}

/** Brings spans into view: what was asked for from outside, what was selected elsewhere, and where the keys went. */
function useShow({ goTo, selected }: TimelineChartProps, timeline: ReturnType<typeof useTimeline>, { range, bounds, setRange, setFocused, scrollTo }: Moves): (span: number) => void {
  const [target, setTarget] = useState<number | undefined>(undefined)
  const bring = (spans: readonly number[], fits: boolean): void => {
    if (spans.length === 0) return
    // All spans of a long run cannot be opened at once.
    timeline.reveal(spans.slice(0, 200))
    const { from, to } = stretchOf(spans, timeline.times)
    const isThin = (to - from) < (range.to - range.from) * 0.0005
    const isAway = to < range.from || from > range.to || (spans.length > 1 && (from < range.from || to > range.to))
    if (fits) setRange(around({ from, to }, bounds, 0.15))
    else if (isThin && isAway) setRange(around({ from: from - (to - from) * 10, to: to + (to - from) * 10 }, bounds))
    else if (isAway) setRange(spans.length > 1 ? around({ from, to }, bounds, 0.15) : moved(range, bounds, (from + to) / 2 - (range.from + range.to) / 2))
    setTarget(spans[0])
  }
  useLayoutEffect(() => {
    if (target === undefined) return
    const row = timeline.layout.row[target]!
    // Revealed with the next layout.
    if (row === -1) return
    scrollTo(row)
    setTarget(undefined)
  }, [target, timeline.layout])
  useEffect(() => {
    if (goTo === undefined) return
    bring(goTo.spans, goTo.fits)
    if (goTo.focuses && goTo.spans[0] !== undefined) setFocused(goTo.spans[0])
  }, [goTo])
  useEffect(() => {
    if (selected !== undefined) bring([selected], false)
  }, [selected])
  return (span) => {
    setFocused(span)
    bring([span], false)
  }
}
