import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** Beside the pointer, wherever there is room. For what is said elsewhere too: a screen reader gets it from a live region. */
export function Tooltip({ x, y, children }: { readonly x: number; readonly y: number; readonly children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const { width, height } = element.getBoundingClientRect()
    const left = x + 14 + width > innerWidth - 8 ? Math.max(8, x - 14 - width) : x + 14
    const top = y + 18 + height > innerHeight - 8 ? Math.max(8, y - 12 - height) : y + 18
    element.style.left = `${left}px`
    element.style.top = `${top}px`
  })
  return <div class="tooltip" ref={box} aria-hidden="true">{children}</div>
}
