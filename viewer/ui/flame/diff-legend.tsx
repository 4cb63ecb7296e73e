import type { JSX } from 'preact'
import type { DiffState } from './diff-picture.ts'
import { formatChange, SCALE, scaleWords, type Scale } from './diff-scale.ts'

/** What the colours mean: from less to more, with the changes at both ends. */
export function DiffLegend({ scale, state: { change, weight } }: { readonly scale: Scale; readonly state: DiffState }): JSX.Element {
  const words = scaleWords(scale, change, weight)
  return (
    <div class="diff-legend">
      <span class="number">less: {formatChange(change, weight, -scale.full)}</span>
      <ul aria-label="Colours">
        {SCALE.map((property, i) => <li key={property} style={{ background: `var(${property})` }} title={words[i]}><span class="visually-hidden">{words[i]}</span></li>)}
      </ul>
      <span class="number">{formatChange(change, weight, scale.full)}: more</span>
      <span class="diff-sign"><span class="diff-added" aria-hidden="true" />new</span>
      <span class="diff-sign"><span class="diff-gone" aria-hidden="true" />gone</span>
    </div>
  )
}
