import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

interface PopupProps {
  readonly label: ComponentChildren
  /** When the label alone does not say it. */
  readonly name?: string
  readonly class?: string
  readonly disabled?: boolean
  readonly onOpen?: () => void
  readonly children: (close: () => void) => ComponentChildren
}

/** A button that shows something below itself. Escape, a click elsewhere and leaving it with Tab close it. */
export function Popup({ label, name, class: look = 'button', disabled = false, onOpen, children }: PopupProps): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const close = (): void => {
    setOpen(false)
    box.current?.querySelector('button')?.focus()
  }
  useEffect(() => {
    if (!isOpen) return undefined
    const onDown = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false)
    }
    addEventListener('pointerdown', onDown)
    addEventListener('focusin', onDown)
    return () => {
      removeEventListener('pointerdown', onDown)
      removeEventListener('focusin', onDown)
    }
  }, [isOpen])
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    close()
  }
  const toggle = (): void => {
    if (!isOpen) onOpen?.()
    setOpen(!isOpen)
  }
  return (
    <div class="popup" ref={box} onKeyDown={onKey}>
      <button type="button" class={look} aria-haspopup="true" aria-expanded={isOpen} aria-label={name} disabled={disabled} onClick={toggle}>{label}</button>
      {isOpen && <Panel>{children(close)}</Panel>}
    </div>
  )
}

/** Moved sideways where it would leave the window; takes the focus, or the arrow keys would not reach it. */
function Panel({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const panel = useRef<HTMLDivElement>(null)
  const [shift, setShift] = useState(0)
  useLayoutEffect(() => {
    const element = panel.current!
    const { left, right } = element.getBoundingClientRect()
    const room = document.documentElement.clientWidth - 8
    if (right > room) setShift(Math.max(8 - left, room - right))
    element.querySelector<HTMLElement>('input, button, a[href]')?.focus({ preventScroll: true })
  }, [])
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0 || (event.target instanceof HTMLInputElement && /^(datetime-local|number)$/.test(event.target.type))) return
    event.preventDefault()
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('input, button:not(:disabled), a[href]')]
    const at = all.indexOf(document.activeElement as HTMLElement)
    all[(at + step + all.length) % all.length]?.focus()
  }
  return <div class="popup-panel" ref={panel} style={{ transform: `translateX(${shift}px)` }} onKeyDown={onKey}>{children}</div>
}

interface MenuProps<T extends string> {
  readonly label: ComponentChildren
  readonly name?: string
  readonly class?: string
  readonly items: readonly (readonly [value: T, title: string, note?: string])[]
  readonly onChoose: (value: T) => void
}

/** A popup of which one entry is chosen. */
export function Menu<T extends string>({ items, onChoose, ...popup }: MenuProps<T>): JSX.Element {
  return (
    <Popup {...popup}>
      {(close) => (
        <ul class="menu">
          {items.map(([value, title, note]) => (
            <li key={value}>
              <button type="button" onClick={() => { close(); onChoose(value) }}>{title}{note !== undefined && <small>{note}</small>}</button>
            </li>
          ))}
        </ul>
      )}
    </Popup>
  )
}
