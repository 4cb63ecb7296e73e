import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface ConfirmProps {
  readonly title: string
  /** What the button does: `Delete 3 runs`. */
  readonly action: string
  readonly onConfirm: () => void
  readonly onCancel: () => void
  readonly children?: ComponentChildren
}

/** Asks before what cannot be undone; Escape and Cancel do nothing. */
export function Confirm({ title, action, onConfirm, onCancel, children }: ConfirmProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  // At once: a key that is pressed right after the click is already meant for it.
  useLayoutEffect(() => {
    const before = document.activeElement
    dialog.current!.showModal()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="confirm-title" onCancel={(event) => { event.preventDefault(); onCancel() }}>
      <h2 id="confirm-title">{title}</h2>
      {children !== undefined && <p class="muted">{children}</p>}
      <div class="row dialog-actions">
        <button type="button" class="button" onClick={onCancel}>Cancel</button>
        <button type="button" class="button danger" onClick={onConfirm}>{action}</button>
      </div>
    </dialog>
  )
}
