import type { JSX, RefObject } from 'preact'
import { Icon } from '../parts/icon.tsx'

interface SearchFieldProps {
  readonly value: string
  readonly onSearch: (text: string) => void
  /** What came of it, in words. */
  readonly found: string | undefined
  readonly field: RefObject<HTMLInputElement | null>
  /** Back to the picture. */
  readonly onLeave: () => void
}

export function SearchField({ value, onSearch, found, field, onLeave }: SearchFieldProps): JSX.Element {
  return (
    <div class="flame-search">
      <output class="number" aria-live="polite">{found}</output>
      <span>
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
    </div>
  )
}
