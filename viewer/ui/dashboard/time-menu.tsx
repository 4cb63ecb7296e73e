import type { JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import { Icon } from '../parts/icon.tsx'
import { Popup } from '../parts/popup.tsx'
import { formatShortMoment } from '../parts/when.ts'
import { localText, momentOfLocal } from './local-time.ts'
import type { LastSpan, TimeRange } from './query.ts'

const LAST: Readonly<Record<LastSpan, string>> = { hour: 'Last hour', day: 'Last 24 hours', week: 'Last 7 days' }

export function timeText(time: TimeRange): string {
  switch (time.kind) {
    case 'all':
      return 'All time'
    case 'last':
      return LAST[time.span].toLowerCase()
    case 'between': {
      const { from, to } = time
      if (from === undefined) return `until ${formatShortMoment(to ?? 0)}`
      return to === undefined ? `since ${formatShortMoment(from)}` : `${formatShortMoment(from)} – ${formatShortMoment(to)}`
    }
  }
}

/** When the runs started: of late, or between two moments. */
export function TimeMenu({ time, onChange }: { readonly time: TimeRange; readonly onChange: (time: TimeRange) => void }): JSX.Element {
  const name = useId()
  return (
    <Popup label={<>Time<Icon name="caret" /></>} class={time.kind === 'all' ? 'button quiet' : 'button quiet has-value'}>
      {(close) => (
        <fieldset class="values">
          <legend class="visually-hidden">Started</legend>
          <ul>
            <li><label><input type="radio" name={name} checked={time.kind === 'all'} onChange={() => onChange({ kind: 'all' })} />All time</label></li>
            {(Object.keys(LAST) as LastSpan[]).map((span) => (
              <li key={span}><label><input type="radio" name={name} checked={time.kind === 'last' && time.span === span} onChange={() => onChange({ kind: 'last', span })} />{LAST[span]}</label></li>
            ))}
          </ul>
          <Between time={time} onChange={(range) => { onChange(range); close() }} />
        </fieldset>
      )}
    </Popup>
  )
}

function Between({ time, onChange }: { readonly time: TimeRange; readonly onChange: (time: TimeRange) => void }): JSX.Element {
  const [from, setFrom] = useState(time.kind === 'between' ? localText(time.from) : '')
  const [to, setTo] = useState(time.kind === 'between' ? localText(time.to) : '')
  const range = { from: momentOfLocal(from), to: momentOfLocal(to) }
  const isReversed = range.from !== undefined && range.to !== undefined && range.from > range.to
  const isEmpty = range.from === undefined && range.to === undefined
  const apply = (): void => onChange({ kind: 'between', ...(range.from !== undefined && { from: range.from }), ...(range.to !== undefined && { to: range.to }) })
  return (
    <div class="between">
      <label>From<input type="datetime-local" class="field" value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></label>
      <label>To<input type="datetime-local" class="field" value={to} onInput={(event) => setTo(event.currentTarget.value)} /></label>
      {isReversed && <p class="between-problem" role="alert">The end is before the start.</p>}
      <button type="button" class="button" disabled={isReversed || isEmpty} onClick={apply}>Apply</button>
    </div>
  )
}
