import type { JSX, RefObject } from 'preact'
import { Choices } from '../parts/choices.tsx'
import type { DiffModel, DiffState } from './diff-picture.ts'
import { SearchField } from './search-field.tsx'
import type { Weight } from './weights.ts'

interface DiffToolbarProps {
  readonly model: DiffModel
  readonly state: DiffState
  readonly onChange: (changes: Partial<DiffState>) => void
  readonly search: RefObject<HTMLInputElement | null>
  readonly onLeave: () => void
}

const WEIGHTS: readonly (readonly [weight: Weight, label: string, nothing: string])[] = [
  ['path', 'Critical path', 'Neither side has any time.'], ['time', 'Busy time', 'Neither side has any time.'],
  ['tokens', 'Tokens', 'No call of either side told its tokens.'], ['cost', 'Cost', 'The price of no call of either side is known.'],
]

export function DiffToolbar({ model, state, onChange, search, onLeave }: DiffToolbarProps): JSX.Element {
  const unknown = WEIGHTS.filter(([weight]) => model.sums(weight).base.whole === 0 && model.sums(weight).new.whole === 0)
  return (
    <div class="flame-toolbar">
      <Choices
        label="Compared by" value={state.weight} options={WEIGHTS.map(([weight, label]) => [weight, label] as const)}
        disabled={Object.fromEntries(unknown.map(([weight, , nothing]) => [weight, nothing]))} onChoose={(weight) => onChange({ weight })}
      />
      <Choices label="Width of frames" value={state.width} options={[['base', 'Base'], ['new', 'New'], ['both', 'Both']]} onChoose={(width) => onChange({ width })} />
      <Choices label="Difference" value={state.change} options={[['share', 'By share'], ['absolute', 'Absolute']]} onChoose={(change) => onChange({ change })} />
      <span class="spacer" />
      <SearchField value={state.search} onSearch={(text) => onChange({ search: text })} field={search} onLeave={onLeave} />
      {unknown.length > 0 && <p class="faint flame-reasons">{unknown.map(([, label, nothing]) => `${label}: ${nothing}`).join(' ')}</p>}
    </div>
  )
}
