import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Facet, RunList } from '../../api.ts'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { Icon } from '../parts/icon.tsx'
import { Popup } from '../parts/popup.tsx'
import { useKeydown } from '../app/use-keydown.ts'
import { isTyping } from '../run/typing.ts'
import { askJson } from './client.ts'
import { apiQuery, FILTERS, isEmpty, NO_FILTER, toggled, type FilterName, type RunFilter } from './query.ts'
import { TimeMenu, timeText } from './time-menu.tsx'
import { useLoaded } from './use-loaded.ts'

interface FilterBarProps {
  readonly filter: RunFilter
  /** @param isTyping one of many on the way: no entry of its own in the history */
  readonly onChange: (filter: RunFilter, isTyping: boolean) => void
  readonly facets: RunList['facets'] | undefined
  /** Where there is more than one on the page. */
  readonly label?: string
  /** `/` goes into its search box. */
  readonly hasKey?: boolean
}

/** Narrows down which runs are looked at: words, values with how many runs have them, and time. */
export function FilterBar({ filter, onChange, facets, label = 'Runs', hasKey = false }: FilterBarProps): JSX.Element {
  const chosen = FILTERS.flatMap(([name, title]) => filter.values[name].map((value) => ({ name, title, value })))
  return (
    <div class="filters">
      <div class="row filters-row" role="search" aria-label={label}>
        <Search value={filter.q} onChange={(q) => onChange({ ...filter, q }, true)} hasKey={hasKey} />
        {FILTERS.map(([name, title]) => (
          <Popup key={name} label={<>{title}<Icon name="caret" /></>} class={filter.values[name].length > 0 ? 'button quiet has-value' : 'button quiet'}>
            {() => <Values name={name} title={title} filter={filter} facets={facets} onChange={(next) => onChange(next, false)} />}
          </Popup>
        ))}
        <TimeMenu time={filter.time} onChange={(time) => onChange({ ...filter, time }, false)} />
      </div>
      {(chosen.length > 0 || filter.time.kind !== 'all') && (
        <ul class="row filter-chips" aria-label="Filters">
          {chosen.map(({ name, title, value }) => (
            <li key={`${name} ${value}`}><Removable name={title} value={cleanName(value)} onRemove={() => onChange(toggled(filter, name, value), false)} /></li>
          ))}
          {filter.time.kind !== 'all' && <li><Removable name="Started" value={timeText(filter.time)} onRemove={() => onChange({ ...filter, time: { kind: 'all' } }, false)} /></li>}
          {!isEmpty(filter) && <li><button type="button" class="button quiet small" onClick={() => onChange(NO_FILTER, false)}>Clear all</button></li>}
        </ul>
      )}
    </div>
  )
}

function Removable({ name, value, onRemove }: { readonly name: string; readonly value: string; readonly onRemove: () => void }): JSX.Element {
  return (
    <button type="button" class="filter-chip" aria-label={`Remove the filter ${name}: ${value}`} onClick={onRemove}>
      <span class="faint">{name}</span> <span class="filter-value">{value}</span><Icon name="close" />
    </button>
  )
}

const TYPING_PAUSE_MS = 200

function Search({ value, onChange, hasKey }: { readonly value: string; readonly onChange: (q: string) => void; readonly hasKey: boolean }): JSX.Element {
  const [text, setText] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef(onChange)
  latest.current = onChange
  // The address may change by other ways; what is being typed stays.
  useEffect(() => setText((before) => (before.trim() === value ? before : value)), [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  useKeydown((event) => {
    if (!hasKey || event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    event.preventDefault()
    input.current?.select()
    input.current?.focus()
  }, [hasKey])
  const type = (next: string): void => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => latest.current(next.trim()), TYPING_PAUSE_MS)
  }
  return (
    <label class="search">
      <Icon name="search" />
      <span class="visually-hidden">Search the runs</span>
      <input
        ref={input} type="search" class="field" placeholder="Search" value={text} autocomplete="off" spellcheck={false}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === 'Escape' && text === '') event.currentTarget.blur() }}
      />
      {hasKey && text === '' && <kbd aria-hidden="true">/</kbd>}
    </label>
  )
}

interface ValuesProps {
  readonly name: FilterName
  readonly title: string
  readonly filter: RunFilter
  readonly facets: RunList['facets'] | undefined
  readonly onChange: (filter: RunFilter) => void
}

const MANY_VALUES = 8

/** The values that can be chosen, with the number of runs of each: as if none of this name were chosen yet, because they are alternatives. */
function Values({ name, title, filter, facets, onChange }: ValuesProps): JSX.Element {
  const chosen = filter.values[name]
  const without = apiQuery({ ...filter, values: { ...filter.values, [name]: [] } }, Date.now())
  without.set('limit', '0')
  const isNarrowed = chosen.length > 0
  const { data } = useLoaded(isNarrowed ? `${name} ${chosen.length > 0}` : undefined, (signal) => askJson<RunList>(`api/runs?${without}`, signal))
  const [search, setSearch] = useState('')
  const known: readonly Facet[] = (isNarrowed ? data?.facets : facets)?.[name] ?? data?.facets[name] ?? []
  const missing = chosen.filter((value) => !known.some((facet) => facet.value === value))
  const all = [...missing.map((value) => ({ value, runs: undefined })), ...known]
  const shown = all.filter(({ value }) => value.toLowerCase().includes(search.toLowerCase()))
  return (
    <fieldset class="values">
      <legend class="visually-hidden">{title}</legend>
      {all.length > MANY_VALUES && <input type="search" class="field" placeholder="Find" aria-label={`Find in ${title.toLowerCase()}`} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />}
      {all.length === 0 && <p class="faint values-none">None of these runs has one</p>}
      <ul>
        {shown.map(({ value, runs }) => (
          <li key={value}>
            <label>
              <input type="checkbox" checked={chosen.includes(value)} onChange={() => onChange(toggled(filter, name, value))} />
              <span class="filter-value">{cleanName(value)}</span>
              <span class="faint number">{runs === undefined ? '' : formatCount(runs)}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  )
}
