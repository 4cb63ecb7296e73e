import type { JSX } from 'preact'
import { useCallback, useEffect, useRef } from 'preact/hooks'
import { Icon } from '../parts/icon.tsx'
import { useKeydown } from '../app/use-keydown.ts'
import { isTyping } from '../run/typing.ts'
import { ShortcutList } from './shortcut-list.tsx'

const OPEN = 'spanwise-shortcuts'

/** Opens the list from a button. */
export const showShortcuts = (): void => void dispatchEvent(new Event(OPEN))

/** The list of shortcuts, by `?` from anywhere. The browser keeps the focus inside of it, and gives it back where it was. */
export function ShortcutsDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = useCallback(() => {
    if (!dialog.current!.open) dialog.current!.showModal()
  }, [])
  useKeydown((event) => {
    if (event.key === '?' && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) open()
  }, [])
  useEffect(() => {
    addEventListener(OPEN, open)
    return () => removeEventListener(OPEN, open)
  }, [])
  const close = (): void => dialog.current!.close()
  return (
    // What is behind it does not hear its keys. A click beside the box lands on the dialog itself.
    <dialog
      ref={dialog} class="shortcuts-dialog" aria-labelledby="shortcuts-title" onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => { if (event.target === dialog.current) close() }}
    >
      <div class="shortcuts-box">
        <div class="row">
          <h2 id="shortcuts-title">Keyboard</h2>
          <span class="spacer" />
          <button type="button" class="button quiet" aria-label="Close" onClick={close}><Icon name="close" /></button>
        </div>
        <ShortcutList />
      </div>
    </dialog>
  )
}
