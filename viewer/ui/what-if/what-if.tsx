import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { WhatIf as Simulation, type Answer } from '../../../src/analyze/what-if.ts'
import { formatShare, plural } from '../../../reports/shared/numbers.ts'
import type { Replay } from '../../../src/model/replay.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { Range } from '../canvas/range.ts'
import { useRun } from '../run/run-context.ts'
import type { RunModel } from '../run/run-model.ts'
import { boundsOf } from '../timeline/bounds.ts'
import { TimelineChart } from '../timeline/timeline-chart.tsx'
import { Controls } from './controls.tsx'
import { askedOf, inAddress, questionOf, shortenedBy, type Asked } from './question.ts'

/** Pick findings, a schedule or a concurrency, and see the run as it would be beside the run as it was. */
export function WhatIf(): JSX.Element {
  const { run } = useRun()
  const { replay } = run.document
  if (run.count === 0) return <p class="empty">No spans were recorded in this run.</p>
  if (replay === undefined) return <p class="empty">This page was made of an analysis alone. Made of the run itself, it shows here what the run would have been.</p>
  return <Simulated replay={replay} />
}

function Simulated({ replay }: { readonly replay: Replay }): JSX.Element {
  const { run, query, finding, setQuery, selected, select, marked } = useRun()
  const asked = askedOf(query, finding, replay)
  const simulation = useMemo(() => new Simulation(run.spans, replay), [run, replay])
  const key = JSON.stringify(asked)
  const answer = useMemo(() => simulation.simulate(questionOf(asked, replay)), [simulation, key])
  const shortened = useMemo(() => shortenedBy(asked, replay, run.spans, answer), [run, answer])
  // A limit that is set does not take away the larger ones.
  const peak = useMemo(() => (asked.limit === undefined ? answer : simulation.simulate(questionOf({ ...asked, limit: undefined }, replay))).peak, [answer])
  const [range, setRange] = useState<Range | undefined>()
  const end = Math.max(run.endNs, answer.end.reduce((latest, time) => Math.max(latest, time), run.startNs))
  const shared = range ?? boundsOf(run.spans, end)
  const change = (changes: Partial<Asked>): void => setQuery({ ...inAddress({ ...asked, ...changes }), finding: undefined })
  // One axis of time for both, so that what moved is seen to have moved.
  const chart = { run, end, range: shared, onRange: setRange, compact: true, selected, onSelect: select, marked }
  return (
    <div class="stack">
      <div class="what-if">
        <Controls asked={asked} replay={replay} simulation={simulation} peak={peak} onChange={change} />
        <section class="card what-if-result" aria-labelledby="what-if-result">
          <h2 id="what-if-result">The run as it would be</h2>
          <Outcome answer={answer} run={run} />
        </section>
      </div>
      <section class="card" aria-labelledby="as-it-was">
        <div class="card-head"><h2 id="as-it-was">As it was</h2><p class="number">{formatDuration(run.durationNs)}</p></div>
        <TimelineChart {...chart} label="The run as it was" />
      </section>
      <section class="card" aria-labelledby="as-it-would-be">
        <div class="card-head"><h2 id="as-it-would-be">As it would be</h2><p class="number">{formatDuration(answer.durationNs)}</p></div>
        <TimelineChart {...chart} times={answer} label="The run as it would be" emphasised={answer.moved} shortened={shortened} />
        <p class="what-if-signs">
          <span><span class="sign" aria-hidden="true" />starts earlier, or takes less</span>
          {shortened !== undefined && <span><span class="sign cut" aria-hidden="true" />made shorter by a finding</span>}
        </p>
      </section>
    </div>
  )
}

function Outcome({ answer, run }: { readonly answer: Answer; readonly run: RunModel }): JSX.Element {
  const { savedNs, durationNs, moved, peak } = answer
  const count = moved.reduce((sum, one) => sum + one, 0)
  return (
    <div aria-live="polite">
      <p class="what-if-figures">
        <span class="faint">{formatDuration(run.durationNs)}</span> <span aria-hidden="true">→</span><span class="visually-hidden"> becomes </span> <strong>{formatDuration(durationNs)}</strong>
      </p>
      <p>{savedText(savedNs, run.durationNs)}</p>
      <p class="muted" style={{ marginTop: '8px' }}>
        {count === 0 ? 'No span would start earlier or take less.' : `${plural(count, 'span')} would start earlier or take less.`} At most {plural(peak, 'operation')} of one parent at once.
      </p>
    </div>
  )
}

function savedText(savedNs: number, durationNs: number): string {
  if (savedNs === 0) return 'Exactly as long as it was.'
  const text = `${formatDuration(Math.abs(savedNs))} ${savedNs > 0 ? 'less' : 'more'} (${formatShare(Math.abs(savedNs) / Math.max(1, durationNs))})`
  return savedNs > 0 ? `${text}.` : `${text}: the limit makes what ran together wait.`
}
