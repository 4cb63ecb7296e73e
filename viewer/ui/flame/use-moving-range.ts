import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Range } from '../canvas/range.ts'

const MS = 160

/** The range, reached in a short movement, so that the eye can follow where it went; at once for who wants no motion. */
export function useMovingRange({ from, to }: Range, key: unknown): Range {
  const [shown, setShown] = useState<Range>({ from, to })
  const current = useRef({ range: shown, key })
  useLayoutEffect(() => {
    // Another picture has another axis: between the two there is no way.
    const isSame = current.current.key === key
    current.current.key = key
    const start = current.current.range
    const set = (range: Range): void => {
      current.current.range = range
      setShown(range)
    }
    if (start.from === from && start.to === to) return undefined
    if (!isSame || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      set({ from, to })
      return undefined
    }
    let frame = 0
    const began = performance.now()
    const step = (now: number): void => {
      const t = Math.min(1, Math.max(0, (now - began) / MS))
      const eased = 1 - (1 - t) ** 3
      set(t === 1 ? { from, to } : { from: start.from + (from - start.from) * eased, to: start.to + (to - start.to) * eased })
      if (t < 1) frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
    return () => cancelAnimationFrame(frame)
  }, [from, to, key])
  return current.current.key === key ? shown : { from, to }
}
