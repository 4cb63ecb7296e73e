import type { JSX, TargetedKeyboardEvent } from 'preact'

interface ChoicesProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly (readonly [value: T, label: string])[]
  /** What cannot be chosen, and why. */
  readonly disabled?: Readonly<Partial<Record<T, string>>>
  readonly onChoose: (value: T) => void
}

/** A few choices of which one holds: a group of radio buttons, gone through with the arrow keys. */
export function Choices<T extends string>({ label, value, options, disabled, onChoose }: ChoicesProps<T>): JSX.Element {
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const possible = options.flatMap(([one], i) => (disabled?.[one] === undefined ? [i] : []))
    const at = possible.findIndex((i) => options[i]![0] === value)
    const next = possible[(at + step + possible.length) % possible.length]
    if (next === undefined) return
    onChoose(options[next]![0])
    event.currentTarget.querySelectorAll('button')[next]?.focus()
  }
  return (
    <div class="choices" role="radiogroup" aria-label={label} onKeyDown={onKey}>
      {options.map(([one, text]) => (
        <button
          key={one} type="button" role="radio" aria-checked={one === value} tabIndex={one === value ? 0 : -1} disabled={disabled?.[one] !== undefined} title={disabled?.[one]}
          onClick={() => onChoose(one)}
        >{text}</button>
      ))}
    </div>
  )
}
