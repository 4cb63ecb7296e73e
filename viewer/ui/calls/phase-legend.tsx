import type { JSX } from 'preact'
import { phaseNames } from '../../../reports/shared/phases.ts'
import type { PhaseKey } from './phases.ts'
import type { CallRow } from './rows.ts'

/** Only what the rows have; none where nothing but durations is known. */
export function PhaseLegend({ calls }: { readonly calls: readonly Pick<CallRow, 'call'>[] }): JSX.Element | null {
  const keys = (Object.keys(phaseNames) as PhaseKey[]).filter((key) => calls.some(({ call: { phases } }) => (phases?.[key] ?? 0) > 0))
  if (keys.length === 0 || (keys.length === 1 && keys[0] === 'restNs')) return null
  return (
    <ul class="legend" aria-label="Phases of a call">
      {keys.map((key) => <li key={key}><span class="swatch" style={{ background: `var(--phase-${key})` }} aria-hidden="true" />{phaseNames[key]}</li>)}
    </ul>
  )
}
