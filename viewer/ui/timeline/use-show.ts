import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { around, moved } from '../canvas/range.ts'
import { stretchOf } from './bounds.ts'
import type { TimelineChartProps } from './timeline-chart.tsx'
import type { Chart } from './use-chart.ts'
import { AXIS_HEIGHT } from './viewport.ts'

/** All spans of a long run cannot be opened at once. */
const MAX_REVEALED = 200
/** A span that would be thinner, as a share of the width, is looked at closer. */
const THIN = 0.0005

/** Brings spans into view: what was asked for from outside, what was selected elsewhere, and where the keys go. @returns for the keys */
export function useShow({ goTo, selected }: TimelineChartProps, chart: Chart): (span: number) => void {
  const { timeline, setFocused, scroller } = chart
  const [target, setTarget] = useState<number | undefined>(undefined)
  const bring = (spans: readonly number[], fits: boolean): void => {
    if (spans.length === 0) return
    timeline.reveal(spans.slice(0, MAX_REVEALED))
    bringIntoRange(chart, spans, fits)
    setTarget(spans[0])
  }
  useLayoutEffect(() => {
    if (target === undefined) return
    const row = timeline.layout.row[target]!
    // Revealed with the next layout.
    if (row === -1) return
    if (scroller.current !== null) scrollTo(scroller.current, row, chart)
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

function bringIntoRange({ range, bounds, setRange, timeline }: Chart, spans: readonly number[], fits: boolean): void {
  const { from, to } = stretchOf(spans, timeline.times)
  const isAway = to < range.from || from > range.to || (spans.length > 1 && (from < range.from || to > range.to))
  if (fits) setRange(around({ from, to }, bounds, 0.15))
  else if (!isAway) return
  else if (spans.length > 1) setRange(around({ from, to }, bounds, 0.15))
  else if (to - from < (range.to - range.from) * THIN) setRange(around({ from, to }, bounds, 10))
  else setRange(moved(range, bounds, (from + to) / 2 - (range.from + range.to) / 2))
}

function scrollTo(box: HTMLElement, row: number, { size, height }: Chart): void {
  const [y, room] = [row * size.row, height - AXIS_HEIGHT]
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - size.row)
  else if (y + size.row * 2 > box.scrollTop + room) box.scrollTop = y + size.row * 2 - room
}
