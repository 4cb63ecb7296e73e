import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import type { SpanChange } from '../../../src/model/many-runs.ts'
import { formatChange } from '../../../reports/shared/diff-words.ts'
import { formatCount, plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { hrefOf } from '../app/route.ts'
import { Swatch } from '../parts/category.tsx'
import { useWindow } from '../parts/use-window.ts'

interface SpanChangesProps {
  readonly spans: readonly SpanChange[]
  readonly baseKey: string | undefined
  readonly newKey: string | undefined
}

/** As high as style sheet compare.css makes them. */
const ROW_PX = 32
const MAX_INDENT = 12

/** Two runs span by span, in order of the tree. */
export function SpanChanges({ spans, baseKey, newKey }: SpanChangesProps): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const changed = useMemo(() => spans.filter(({ state }) => state !== 'same'), [spans])
  const rows = isWhole ? spans : changed
  const body = useRef<HTMLDivElement>(null)
  const { first, end } = useWindow(body, rows.length, ROW_PX)
  return (
    <section class="card" aria-labelledby="span-by-span">
      <div class="card-head">
        <h2 id="span-by-span">Span by span</h2>
        <div class="row">
          <p class="faint card-note">{plural(changed.length, 'span')} of {formatCount(spans.length)} changed, the others are the same within 5 %</p>
          <button type="button" class="button small" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>Show all</button>
        </div>
      </div>
      <div role="table" class="span-changes" aria-label="Span by span" aria-rowcount={rows.length + 1}>
        <div role="rowgroup">
          <div role="row" class="span-change head" aria-rowindex={1}>
            {['Span', 'Base', 'New', 'Difference', 'State'].map((title, i) => <span key={title} role="columnheader" class={i > 0 && i < 4 ? 'right' : undefined}>{title}</span>)}
          </div>
        </div>
        <div role="rowgroup" class="span-changes-body" ref={body} style={{ height: `${rows.length * ROW_PX}px` }}>
          {rows.slice(first, end).map((change, i) => <Row key={first + i} change={change} i={first + i} baseKey={baseKey} newKey={newKey} />)}
        </div>
      </div>
      {rows.length === 0 && <p class="muted">All spans are the same within 5 %.</p>}
    </section>
  )
}

function Row({ change, i, baseKey, newKey }: { readonly change: SpanChange; readonly i: number } & Pick<SpanChangesProps, 'baseKey' | 'newKey'>): JSX.Element {
  const { state, name, category, depth, renamedTo, baseNs, newNs, differenceNs } = change
  const tone = state === 'slower' || state === 'added' ? 'bad' : state === 'faster' || state === 'gone' ? 'good' : 'faint'
  const text = `${cleanName(name)}${renamedTo === undefined ? '' : ` → ${cleanName(renamedTo)}`}`
  const key = newNs === undefined ? baseKey : newKey
  return (
    <div role="row" class="span-change" aria-rowindex={i + 2} style={{ top: `${i * ROW_PX}px` }}>
      <span role="cell" class="span-change-name" style={{ paddingLeft: `${Math.min(depth, MAX_INDENT) * 14}px` }}>
        <Swatch category={category} />{key === undefined ? <span title={text}>{text}</span> : <a href={hrefOf(['runs', key, 'timeline'], { find: cleanName(newNs === undefined ? name : renamedTo ?? name) })} title={text}>{text}</a>}
      </span>
      <span role="cell" class="right">{baseNs === undefined ? '–' : formatDuration(baseNs)}</span>
      <span role="cell" class="right">{newNs === undefined ? '–' : formatDuration(newNs)}</span>
      <span role="cell" class={`right tone ${tone}`}>{formatChange('durationNs', differenceNs)}</span>
      <span role="cell" class={`tone ${tone}`}>{state}</span>
    </div>
  )
}
