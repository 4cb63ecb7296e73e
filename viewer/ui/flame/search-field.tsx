import type { JSX, RefObject } from 'preact'
import { Icon } from '../parts/icon.tsx'

interface SearchFieldProps {
  readonly value: string
  readonly onSearch: (text: string) => void
  readonly field: RefObject<HTMLInputElement | null>
  /** Back to the picture. */
  readonly onLeave: () => void
}

export function SearchField({ value, onSearch, field, onLeave }: SearchFieldProps): JSX.Element {
  return (
    <span class="flame-search">
      <Icon name="search" />
      <input
        ref={field} class="field" type="search" placeholder="Search frames" aria-label="Search frames" value={value} spellcheck={false}
        onInput={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' && event.key !== 'Enter') return
          event.preventDefault()
          if (event.key === 'Escape') onSearch('')
          onLeave()
        }}
      />
    </span>
  )
}

/** What came of it, and the way back to all. */
export function Found({ words, onClear }: { readonly words: string | undefined; readonly onClear: () => void }): JSX.Element {
  return (
    <div class="flame-found">
      <output class="number">{words}</output>
      {words !== undefined && <button type="button" onClick={onClear}>Show all</button>}
    </div>
  )
}
