import { useLayoutEffect } from 'preact/hooks'

/** Keys that are pressed anywhere in the page. Heard as soon as what listens is drawn: nobody knows of a moment in between. */
export function useKeydown(listener: (event: KeyboardEvent) => void, deps: readonly unknown[] | undefined): void {
  useLayoutEffect(() => {
    addEventListener('keydown', listener)
    return () => removeEventListener('keydown', listener)
  }, deps)
}
