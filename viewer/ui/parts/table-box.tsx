import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** A table in a box of its own, which scrolls sideways where the window is narrow; then it takes the focus, so that keys scroll it too. */
export function TableBox({ label, gap = '0', children }: { readonly label: string; readonly gap?: string; readonly children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [scrolls, setScrolls] = useState(false)
  useEffect(() => {
    const element = box.current!
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth))
    observer.observe(element)
    if (element.firstElementChild) observer.observe(element.firstElementChild)
    return () => observer.disconnect()
  }, [])
  return <div class="table-box" ref={box} style={{ marginTop: gap }} {...(scrolls && { tabIndex: 0, role: 'region', 'aria-label': label })}>{children}</div>
}
