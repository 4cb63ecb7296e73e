import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import type { Range } from '../canvas/range.ts'
import { useCanvas } from '../canvas/use-canvas.ts'
import type { RunModel } from '../run/run-model.ts'
import { gesturesOf, onChartKey } from './chart-input.ts'
import { drawFrame, drawOver } from './draw/frame.ts'
import type { Look } from './scene.ts'
import { SpanTooltip } from './span-tooltip.tsx'
import type { Times } from './tree.ts'
import { useChart } from './use-chart.ts'
import { useGestures, type Point } from './use-gestures.ts'
import { useShow } from './use-show.ts'
import { AXIS_HEIGHT, spanAt } from './viewport.ts'
import { describeSpan } from './words.ts'

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
  /** Lower rows, and no higher than a part of the window. */
  readonly compact?: boolean
  readonly look?: Look
  readonly selected?: number | undefined
  readonly onSelect?: (span: number | undefined) => void
  readonly marked?: ReadonlySet<number>
  /** 1 for spans that get a line along their upper edge, such as those that would run at another time. */
  readonly emphasised?: Uint8Array
  /** 1 for spans that take less than they did themselves, not only as what is in them does. */
  readonly shortened?: Uint8Array | undefined
  readonly goTo?: GoTo | undefined
}

/** The spans of a run over time: lanes, critical path, slack, and what needs what. By itself as one of two, or with controls around it. */
export function TimelineChart(props: TimelineChartProps): JSX.Element {
  const { run, label, look, selected, marked, emphasised, shortened } = props
  const chart = useChart(props)
  const { timeline, ties, range, top, height, rowsHeight, focused, hover, chosen, isGuided } = chart
  const helpId = useId()
  const base = useCanvas(height, (surface) => drawFrame(surface, chart.sceneOf(surface.width), isGuided), [
    timeline.layout, range, top, look, marked, selected, focused, emphasised, shortened, isGuided,
  ])
  const { view } = chart.sceneOf(base.width)
  const hovered = hover === undefined ? undefined : spanAt(view, timeline.layout, timeline.times, hover.x, hover.y)
  const explained = hovered ?? (isGuided ? focused : undefined) ?? selected
  const tiesOf = (span: number | undefined) => (span === undefined ? [] : (ties.get(span) ?? []))
  const over = useCanvas(height, (surface) => {
    drawOver(surface, chart.sceneOf(surface.width), { hovered, explained, ties: tiesOf(explained), ruler: hover?.x, chosen })
  }, [timeline.layout, range, top, hover, hovered, explained, chosen])
  const show = useShow(props, chart)
  useGestures(base.ref, gesturesOf(chart, view, props))
  const pointsAt = hover === undefined ? undefined : hover.y < AXIS_HEIGHT ? 'axis' : hovered === undefined ? undefined : 'bar'
  return (
    <div class="timeline-scroll" ref={chart.scroller} style={{ height: `${height}px` }} onScroll={(event) => chart.setTop(event.currentTarget.scrollTop)}>
      <div class="timeline-canvases" style={{ height: `${height}px` }}>
        <canvas
          ref={base.ref} tabIndex={0} role="application" aria-label={label} aria-describedby={helpId} data-on={pointsAt}
          onKeyDown={(event) => onChartKey(event, chart, props, show)} onKeyUp={() => chart.setHasKeyboard(true)} onBlur={() => chart.setHasKeyboard(false)}
          onFocus={(event) => {
            chart.setHasKeyboard(event.currentTarget.matches(':focus-visible'))
            chart.setFocused((before) => before ?? selected ?? 0)
          }}
        />
        <canvas ref={over.ref} class="timeline-over" aria-hidden="true" />
      </div>
      <div style={{ height: `${Math.max(0, rowsHeight - (height - AXIS_HEIGHT))}px` }} />
      <p class="visually-hidden" id={helpId}>
        Arrow keys go from span to span: left and right to siblings in time, up to the parent, down to the first child. Enter opens a span, Escape closes it.
        Plus, minus and 0 zoom, f fits the span, c collapses it.
      </p>
      <p class="visually-hidden" aria-live="polite">{isGuided && focused !== undefined ? describeSpan(run, timeline.tree, focused, timeline.collapsed[focused] === 1, timeline.times) : ''}</p>
      {hovered !== undefined && hover !== undefined && chosen === undefined && (
        <SpanTooltip run={run} timeline={timeline} span={hovered} ties={tiesOf(hovered)} {...onPage(base.ref.current, hover)} />
      )}
    </div>
  )
}

function onPage(canvas: HTMLCanvasElement | null, { x, y }: Point): Point {
  const box = canvas?.getBoundingClientRect()
  return { x: x + (box?.left ?? 0), y: y + (box?.top ?? 0) }
}
