import type { JSX } from 'preact'
import { formatSaving } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import type { WhatIf } from '../../../src/analyze/what-if.ts'
import type { Replay } from '../../../src/model/replay.ts'
import { Sure } from '../overview/findings.tsx'
import { Choices } from '../parts/choices.tsx'
import { useRun } from '../run/run-context.ts'
import { Curve } from './curve.tsx'
import type { Asked } from './question.ts'

interface ControlsProps {
  readonly asked: Asked
  readonly replay: Replay
  readonly simulation: WhatIf
  readonly peak: number
  readonly onChange: (changes: Partial<Asked>) => void
}

const schedules = [['measured', 'As it was'], ['proven', 'Proven'], ['possible', 'Possible']] as const

const meanings: Readonly<Record<Asked['schedule'], string>> = {
  measured: 'Everything waits for what it waited for.',
  proven: 'What is proven not to need each other does not wait for each other.',
  possible: 'Only what is proven to need each other waits: the best that could come out, if nothing else ties it.',
}

/** What to change: the schedule, the findings, how many at once. */
export function Controls({ asked, replay, simulation, peak, onChange }: ControlsProps): JSX.Element {
  const { run } = useRun()
  const { schedules: { proven, possible } } = run.analysis
  const most = Math.max(proven.limit, possible.limit, peak, 1) + 1
  return (
    <section class="card" aria-labelledby="what-if-change">
      <h2 id="what-if-change">What would be different</h2>
      <div class="row"><Choices label="Order" value={asked.schedule} options={schedules} onChoose={(schedule) => onChange({ schedule })} /><p class="muted">{meanings[asked.schedule]}</p></div>
      <Changes asked={asked} replay={replay} onChange={onChange} />
      <Limit asked={asked} most={most} onChange={onChange} />
      <Curve asked={asked} replay={replay} simulation={simulation} most={most} onChange={onChange} />
    </section>
  )
}

function Changes({ asked, replay, onChange }: Pick<ControlsProps, 'asked' | 'replay' | 'onChange'>): JSX.Element {
  const { run } = useRun()
  const simulated = run.analysis.findings.flatMap((finding, number) => (replay.changes[number] === null ? [] : [{ finding, number }]))
  if (simulated.length === 0) return <p class="muted what-if-part">No finding of this run saves time.</p>
  const toggle = (number: number, isOn: boolean): void =>
    onChange({ findings: isOn ? [...asked.findings, number].sort((a, b) => a - b) : asked.findings.filter((one) => one !== number) })
  return (
    <fieldset class="what-if-part what-if-findings">
      <legend>Findings put right <span class="faint">(alone each saves what stands beside it; together they do not add up)</span></legend>
      {simulated.map(({ finding, number }) => (
        <label key={number}>
          <input type="checkbox" checked={asked.findings.includes(number)} onChange={(event) => toggle(number, event.currentTarget.checked)} />
          <span class="chip code">{finding.code}</span>
          <span class="what-if-title">{clean(finding.title)}</span>
          <span class="number">{formatSaving({ ...(finding.saving.timeNs !== undefined && { timeNs: finding.saving.timeNs }) })[0]}</span>
          <Sure confidence={finding.confidence} />
        </label>
      ))}
    </fieldset>
  )
}

function Limit({ asked, most, onChange }: Pick<ControlsProps, 'asked' | 'onChange'> & { readonly most: number }): JSX.Element {
  const value = Math.min(asked.limit ?? most, most)
  const text = asked.limit === undefined || asked.limit >= most ? 'no limit' : `${value} at once`
  return (
    <label class="what-if-part what-if-limit">
      <span>At once, below one parent</span>
      <input
        type="range" min="1" max={most} step="1" value={value} aria-valuetext={text}
        onInput={(event) => onChange({ limit: Number(event.currentTarget.value) >= most ? undefined : Number(event.currentTarget.value) })}
      />
      <output class="number">{text}</output>
    </label>
  )
}
