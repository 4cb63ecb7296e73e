import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import UPlot from 'uplot'
import { onTheme } from '../app/theme.ts'
import { color } from '../canvas/colors.ts'
import { bucketText, formatSeries, metricTitles, seriesOf, stepFrom, tickText, type Bucket, type SeriesMetric } from './series.ts'

interface SeriesChartProps {
  readonly buckets: readonly Bucket[]
  readonly metric: SeriesMetric
  readonly onOpen: (bucket: Bucket) => void
}

const HEIGHT_PX = 260

/** Percentiles over time, failed runs as bars at the bottom. Left and right move the cursor, Enter or a click opens the runs there. */
export function SeriesChart({ buckets, metric, onOpen }: SeriesChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const [at, setAt] = useState<number>()
  const [theme, setTheme] = useState(0)
  useEffect(() => onTheme(() => setTheme((count) => count + 1)), [])
  const latest = useRef({ buckets, onOpen })
  latest.current = { buckets, onOpen }
  useLayoutEffect(() => {
    const chart = new UPlot(optionsFor(metric, box.current!.clientWidth, () => rangeOf(latest.current.buckets), setAt), seriesOf(latest.current.buckets, metric), box.current!)
    plot.current = chart
    const observer = new ResizeObserver(() => chart.setSize({ width: box.current!.clientWidth, height: HEIGHT_PX }))
    observer.observe(box.current!)
    return () => {
      observer.disconnect()
      chart.destroy()
      plot.current = undefined
    }
  }, [metric, theme])
  useEffect(() => plot.current?.setData(seriesOf(buckets, metric)), [buckets])
  const bucket = at === undefined ? undefined : buckets[at]
  const open = (): void => {
    if (bucket !== undefined && bucket.runs > 0) onOpen(bucket)
  }
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : undefined
    if (event.key === 'Enter') open()
    if (step === undefined) return
    event.preventDefault()
    moveTo(plot.current, stepFrom(buckets, at, step))
  }
  return (
    <div class="series">
      <div class="series-box" ref={box} role="application" tabIndex={0} aria-label={`${metricTitles[metric]} over time: left and right go through it, Enter opens the runs`} aria-describedby="series-at" onKeyDown={onKey} onClick={open} />
      <p id="series-at" class="series-at number" aria-live="polite">{bucket === undefined ? 'Point at a time, or press left and right, to read its figures.' : bucketText(bucket, metric)}</p>
    </div>
  )
}

function moveTo(chart: UPlot | undefined, i: number | undefined): void {
  if (chart === undefined || i === undefined) return
  chart.setCursor({ left: chart.valToPos(chart.data[0][i]!, 'x'), top: chart.over.clientHeight / 2 })
}

const DASHES: Readonly<Record<string, number[]>> = { p50: [], p95: [6, 4], p99: [2, 4] }

/** Whole buckets, in seconds. */
const rangeOf = (buckets: readonly Bucket[]): [number, number] => [(buckets[0]?.fromEpochMs ?? 0) / 1_000, (buckets.at(-1)?.toEpochMs ?? 1_000) / 1_000]

function optionsFor(metric: SeriesMetric, width: number, rangeNow: () => [number, number], onMove: (i: number | undefined) => void): UPlot.Options {
  const ink = color('--ink-2')
  const font = `12px ${getComputedStyle(document.body).fontFamily}`
  const line = (label: string, stroke: string, lineWidth: number): UPlot.Series =>
    ({ label, stroke, width: lineWidth, dash: DASHES[label]!, points: { show: true, size: 5, fill: stroke, stroke, width: 1 }, scale: 'y' })
  const axis = { stroke: ink, font, grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1, size: 5 } }
  return {
    width, height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: false, y: false, setScale: false }, points: { size: 8 }, x: true, y: false },
    scales: {
      x: { time: true, range: rangeNow },
      y: { range: (_chart, _low, high) => [0, (high ?? 0) > 0 ? high * 1.08 : 1] },
      // The lowest quarter is theirs.
      failed: { range: (_chart, _low, high) => [0, Math.max(1, high ?? 1) * 4] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 90, size: 34, values: (_chart, splits, _axis, _space, step) => splits.map((second) => tickText(second * 1_000, step * 1_000)) },
      { ...axis, scale: 'y', size: 68, values: (_chart, splits) => splits.map((value) => (value === 0 ? '0' : formatSeries(metric, value))) },
    ],
    series: [
      {},
      line('p50', color('--accent'), 2), line('p95', color('--accent'), 1.5), line('p99', color('--ink-3'), 1.5),
      { label: 'failed', scale: 'failed', stroke: color('--bad'), fill: color('--bad'), width: 0, paths: UPlot.paths.bars!({ size: [0.4, 14, 2] }), points: { show: false } },
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => onMove(idx ?? undefined)] },
  }
}
