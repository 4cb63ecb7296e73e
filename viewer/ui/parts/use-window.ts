import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { windowOf, type Window } from './window-of.ts'

/**
 * Which rows of a long list are in sight of the window, with some around them: only those stand in the page. All rows are equally
 * high; the list is as high as all of them.
 */
export function useWindow(list: RefObject<HTMLElement | null>, count: number, rowHeight: number): Window {
  const [shown, setShown] = useState<Window>({ first: 0, end: Math.min(count, 40) })
  useLayoutEffect(() => {
    let frame = 0
    const measure = (): void => {
      frame = 0
      const { current } = list
      if (current === null) return
      const next = windowOf(-current.getBoundingClientRect().top, innerHeight, rowHeight, count)
      setShown((before) => (before.first === next.first && before.end === next.end ? before : next))
    }
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(measure)
    }
    measure()
    addEventListener('scroll', later, { passive: true })
    addEventListener('resize', later)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', later)
      removeEventListener('resize', later)
    }
  }, [list, count, rowHeight])
  return shown
}
