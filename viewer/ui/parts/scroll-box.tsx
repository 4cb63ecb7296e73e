import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface ScrollBoxProps {
  readonly label: string
  readonly class: string
  readonly gap?: string
  readonly children: ComponentChildren
}

/** Scrolls sideways what is wider than the window leaves room for; then it takes the focus, so that keys scroll it too. */
export function ScrollBox({ label, class: look, gap, children }: ScrollBoxProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [scrolls, setScrolls] = useState(false)
  useEffect(() => {
    const element = box.current!
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth))
    observer.observe(element)
    if (element.firstElementChild) observer.observe(element.firstElementChild)
    return () => observer.disconnect()
  }, [])
  return <div class={look} ref={box} style={{ marginTop: gap }} {...(scrolls && { tabIndex: 0, role: 'region', 'aria-label': label })}>{children}</div>
}
