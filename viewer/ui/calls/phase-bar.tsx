import type { JSX } from 'preact'
import type { CallSummary } from '../../../src/model/analysis.ts'
import { stretchesOf } from './phases.ts'

/** The stretches of a call one after another. What it says is said in figures beside it. @param share of the width */
export function PhaseBar({ call, share = 1 }: { readonly call: Pick<CallSummary, 'phases' | 'durationNs'>; readonly share?: number }): JSX.Element {
  return (
    <span class="phase-bar" aria-hidden="true">
      <span style={{ width: `${Math.max(share * 100, 0.5)}%` }}>
        {stretchesOf(call).map(({ key, share: of }) => <i key={key} style={{ flex: `${of} 1 0`, background: `var(--phase-${key})` }} />)}
      </span>
    </span>
  )
}
