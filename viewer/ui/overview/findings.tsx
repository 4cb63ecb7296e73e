import type { JSX } from 'preact'
import { isSaid } from '../../../reports/shared/advice.ts'
import { formatSaving, formatShare, plural } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import type { Confidence, Finding, Schedule } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { useRun } from '../run/run-context.ts'

/** What to do: each finding with what it saves, how sure that is, and where to see it. */
export function Findings(): JSX.Element {
  const { run, href } = useRun()
  const { findings, observations } = run.analysis
  return (
    <>
      <section class="card" aria-labelledby="what-to-do">
        <div class="card-head">
          <h2 id="what-to-do">What to do</h2>
          <AtBest />
        </div>
        {findings.length === 0
          ? <p class="muted">Nothing found: no change that this run can show would save time, tokens or money.</p>
          : <ol class="findings">{findings.map((finding, i) => <Row key={i} finding={finding} number={i} />)}</ol>}
      </section>
      {observations.length > 0 && (
        <section class="card" aria-labelledby="observations">
          <h2 id="observations">Observations</h2>
          <ul class="findings">
            {observations.map(({ code, title, advice, spanIds }, i) => (
              <li key={i}>
                <p><Code code={code} /> {clean(title)}</p>
                {advice !== undefined && <p class="advice">{clean(advice)}</p>}
                <p class="row actions">
                  <ShowSpan spanIds={spanIds} />
                  <a href={href(['guide', code])}>How this is known</a>
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function Row({ finding, number }: { readonly finding: Finding; readonly number: number }): JSX.Element {
  const { run, href } = useRun()
  const { code, title, advice, saving, confidence, spanIds } = finding
  const isRepeated = isSaid(finding, run.analysis.findings.slice(0, number))
  const canSimulate = run.document.replay !== undefined && run.document.replay.changes[number] !== null
  return (
    <li>
      <div>
        <p class="title">{clean(title)}</p>
        <p class="row" style={{ marginTop: '3px' }}><Code code={code} /><Sure confidence={confidence} /></p>
      </div>
      <p class="saves">{formatSaving(saving).map((text, i) => <span key={text}>{i === 0 && <span class="faint">saves </span>}{text}</span>)}</p>
      {!isRepeated && <p class="advice">{clean(advice)}</p>}
      <p class="row actions">
        {spanIds.length > 0 && <a href={href('timeline', { finding: number })}>Show {plural(spanIds.length, 'span')}</a>}
        {canSimulate && <a href={href('what-if', { finding: number })}>See the run without it</a>}
        <a href={href(['guide', code])}>How this is known</a>
      </p>
    </li>
  )
}

function Code({ code }: { readonly code: string }): JSX.Element {
  return <span class="chip code">{code}</span>
}

const tones: Readonly<Record<Confidence, string>> = { proven: 'chip good', likely: 'chip warn', possible: 'chip' }

export function Sure({ confidence }: { readonly confidence: Confidence }): JSX.Element {
  return <span class={tones[confidence]}>{confidence}</span>
}

function ShowSpan({ spanIds }: { readonly spanIds: readonly string[] }): JSX.Element | null {
  const { run, href } = useRun()
  const [first] = run.placesOf(spanIds.slice(0, 1))
  if (first === undefined) return null
  return <a href={href('timeline', { span: first })}>Show {spanIds.length === 1 ? 'the span' : `the first of ${plural(spanIds.length, 'span')}`}</a>
}

/** What the run would take as its schedules have it; the savings of single findings do not add up. */
function AtBest(): JSX.Element | null {
  const { run, href } = useRun()
  const { schedules: { proven, possible }, totals: { durationNs } } = run.analysis
  if (possible.durationNs > durationNs * 0.99) return null
  const text = ({ durationNs: best, limit }: Schedule): string => `${formatDuration(best)} (${formatShare(1 - best / durationNs)} less, ${limit} at once)`
  const isProven = proven.durationNs < durationNs * 0.99
  return (
    <p class="muted" style={{ fontSize: '13px' }}>
      Started as early as it could be: {isProven && <>{text(proven)}, proven; </>}at best {text(possible)}, possible. <a href={href('what-if')}>See it</a>
    </p>
  )
}
