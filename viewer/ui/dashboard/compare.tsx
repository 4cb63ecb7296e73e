import type { JSX } from 'preact'
import type { Comparison } from '../../api.ts'
import { go, hrefOf } from '../app/route.ts'
import { postJson } from './client.ts'
import { isChosen, moved, readCompared, requestOf, swapped, writeCompared, type Compared } from './compare-query.ts'
import { ComparisonView } from './comparison-view.tsx'
import { Frame } from './frame.tsx'
import { SideCard } from './side-card.tsx'
import { useLoaded } from './use-loaded.ts'

/** Two runs, or two sets of runs: what is different, how sure that is, and which operations it comes from. */
export function Compare({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const compared = readCompared(query)
  const text = writeCompared(compared).toString()
  const canCompare = requestOf(compared, 0) !== undefined
  const { data, dataOf, error, isLoading } = useLoaded(
    canCompare ? text : undefined,
    // Of another moment each time, as far as the filter says `last hour`.
    (signal) => postJson<Comparison>('api/compare', requestOf(compared, Date.now())!, signal),
  )
  const open = (next: Compared, isTyping = false): void => go(hrefOf(['compare'], writeCompared(next)), isTyping)
  const sides = (['base', 'new'] as const).map((side) => (
    <SideCard
      key={side} name={side} side={compared[side]} other={compared[side === 'base' ? 'new' : 'base']}
      onFilter={(filter, isTyping) => open({ ...compared, [side]: { keys: [], filter } }, isTyping)}
      onMove={(key, to) => open(moved(compared, key, to))}
      onClear={() => open({ ...compared, [side]: { ...compared[side], keys: [] } })}
    />
  ))
  return (
    <Frame page="compare">
      <div class="stack">
        <div class="sides">
          {sides[0]}
          <button type="button" class="button swap" onClick={() => open(swapped(compared))}><Swap />Swap</button>
          {sides[1]}
        </div>
        {canCompare && error !== undefined && <p class="note" role="alert">They could not be compared: {error}</p>}
        <p class="visually-hidden" role="status">{canCompare && isLoading ? 'Comparing' : ''}</p>
        {!canCompare && <Hint compared={compared} />}
        {canCompare && data === undefined && error === undefined && <p class="empty">Comparing …</p>}
        {canCompare && data !== undefined && error === undefined && <div class={dataOf === text ? 'stack comparison' : 'stack comparison is-old'}><ComparisonView comparison={data} compared={compared} /></div>}
      </div>
    </Frame>
  )
}

function Hint({ compared }: { readonly compared: Compared }): JSX.Element {
  const both = isChosen(compared.base) && isChosen(compared.new)
  return (
    <p class="empty">
      {both ? 'Both sides are the same: choose other runs for one of them.'
        : 'Choose runs for both sides: by a filter, such as a tag of version 1 against version 2, or one by one. It takes several runs of each to prove a difference.'}
    </p>
  )
}

const Swap = (): JSX.Element => (
  <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M2.5 5.5h11M10.5 2.5l3 3-3 3M13.5 10.5h-11M5.5 7.5l-3 3 3 3" /></svg>
)
