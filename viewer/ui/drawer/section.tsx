import type { ComponentChildren, JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import { formatCount } from '../../../reports/shared/numbers.ts'

export function Section({ title, note, children }: { readonly title: string; readonly note?: ComponentChildren; readonly children: ComponentChildren }): JSX.Element {
  const id = useId()
  return (
    <section class="drawer-section" aria-labelledby={id}>
      <div class="drawer-section-head"><h3 id={id}>{title}</h3>{note !== undefined && <span class="faint small">{note}</span>}</div>
      {children}
    </section>
  )
}

/** Names and what is known of them; those of which nothing is known are left out. */
export function Facts({ rows }: { readonly rows: readonly (readonly [name: string, value: ComponentChildren] | false | undefined)[] }): JSX.Element {
  return (
    <dl class="drawer-facts">
      {rows.map((row) => row !== undefined && row !== false && row[1] !== undefined && <div key={row[0]}><dt>{row[0]}</dt><dd>{row[1]}</dd></div>)}
    </dl>
  )
}

/** The first few of many; the others on demand. */
export function Some<T>({ items, most = 6, render }: { readonly items: readonly T[]; readonly most?: number; readonly render: (item: T, index: number) => JSX.Element }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const isCut = items.length > most + 1
  return (
    <>
      <ul class="drawer-list">{(isCut && !isWhole ? items.slice(0, most) : items).map(render)}</ul>
      {isCut && <button type="button" class="link small" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>{isWhole ? 'Show fewer' : `Show all ${formatCount(items.length)}`}</button>}
    </>
  )
}
