import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { around, zoomed, type Range } from '../canvas/range.ts'
import { useRun } from '../run/run-context.ts'
import { boundsOf, stretchOf } from './bounds.ts'
import { TimelineChart, type GoTo } from './timeline-chart.tsx'
import { Filters, FindField, FindingBanner, Keys, ZoomButtons } from './controls.tsx'
import { findSpans, stepTo } from './matches.ts'
import { Minimap } from './minimap.tsx'
import type { Look } from './scene.ts'
import { useFind, useRange } from './use-range.ts'

/** The run over time. */
export function Timeline(): JSX.Element {
  const { run, selected, select, marked, finding, query, setQuery } = useRun()
  const bounds = useMemo(() => boundsOf(run.spans), [run])
  const [range, setRange] = useRange(bounds)
  const [text, setText] = useFind()
  const matches = useMemo(() => findSpans(run, text), [run, text])
  const [match, setMatch] = useState(-1)
  const [showPath, setShowPath] = useState(true)
  const [showSlack, setShowSlack] = useState(false)
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const [goTo, setGoTo] = useState<GoTo | undefined>(undefined)
  const field = useRef<HTMLInputElement>(null)
  const look = useMemo<Look>(() => ({ showPath, showSlack, matches, hidden }), [showPath, showSlack, matches, hidden])
  const hadRange = useRef(query.has('from'))
  useEffect(() => {
    if (finding === undefined || marked.size === 0) return
    // A link with a range of its own keeps it.
    setGoTo({ spans: [...marked], fits: !hadRange.current, focuses: false })
    hadRange.current = false
  }, [finding])
  if (run.count === 0) return <p class="empty">No spans were recorded in this run.</p>

  const find = (words: string): void => {
    setText(words)
    setMatch(-1)
  }
  const step = (by: 1 | -1): void => {
    const next = stepTo(matches?.all.length ?? 0, match, by)
    const span = matches?.all[next]
    if (span === undefined) return
    setMatch(next)
    setGoTo({ spans: [span], fits: false, focuses: true })
    setRange(closer(range, run.spans, span, bounds))
  }
  const zoom = (factor: number): void => setRange(zoomed(range, bounds, factor, (range.from + range.to) / 2))
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.key !== '/' || event.target === field.current || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    field.current?.focus()
  }
  return (
    <div class="stack" onKeyDown={onKey}>
      {finding !== undefined && <FindingBanner number={finding} onClose={() => setQuery({ finding: undefined })} />}
      <section class="card timeline-card" aria-label="Timeline">
        <div class="timeline-bar">
          <FindField field={field} text={text} count={matches?.all.length} at={match} onText={find} onStep={step} />
          <button type="button" class="button" aria-pressed={showPath} onClick={() => setShowPath(!showPath)}>Critical path</button>
          <button type="button" class="button" aria-pressed={showSlack} onClick={() => setShowSlack(!showSlack)}>Slack</button>
          <span class="spacer" />
          <ZoomButtons onIn={() => zoom(0.5)} onOut={() => zoom(2)} onWhole={() => setRange(bounds)} />
        </div>
        <Minimap run={run} bounds={bounds} range={range} onRange={setRange} />
        <TimelineChart
          run={run} label="Timeline of the run" range={range} onRange={setRange} look={look} selected={selected} onSelect={select} marked={marked} goTo={goTo}
        />
        <Filters run={run} hidden={hidden} onChange={setHidden} />
        <Keys />
      </section>
    </div>
  )
}

/** A match fills at least a fiftieth of the width, and is in view. */
function closer(range: Range, times: { readonly start: Float64Array; readonly end: Float64Array }, span: number, bounds: ReturnType<typeof boundsOf>): Range {
  const own = stretchOf([span], times)
  const isSeen = own.from >= range.from && own.to <= range.to && own.to - own.from >= (range.to - range.from) / 50
  return isSeen ? range : around(own, bounds, 2)
}
