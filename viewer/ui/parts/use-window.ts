import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

export interface Window {
  readonly first: number
  readonly end: number
}

const AROUND = 8
/** A short list is simply there. */
const SHORT = 60

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

/** @param above how much of the list is above the window's upper edge, pixels; negative: none */
export function windowOf(above: number, height: number, rowHeight: number, count: number): Window {
  if (count <= SHORT) return { first: 0, end: count }
  const first = Math.max(0, Math.min(count, Math.floor(above / rowHeight) - AROUND))
  return { first, end: Math.max(first, Math.min(count, Math.ceil((above + height) / rowHeight) + AROUND)) }
}
