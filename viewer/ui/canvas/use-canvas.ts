import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { onTheme } from '../app/theme.ts'

/** Sizes in CSS pixels; the context is scaled so that one unit is one of them. */
export interface Surface {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly height: number
}

/** Browsers draw no larger ones. */
const MAX_PIXELS = 16_000

/**
 * A canvas as wide as its parent, drawn anew at most once a frame: when what it depends on changed, its size, or the theme.
 * @param height CSS pixels
 * @param draw gets a cleared surface
 */
export function useCanvas(height: number, draw: (surface: Surface) => void, deps: readonly unknown[]): { readonly ref: RefObject<HTMLCanvasElement | null>; readonly width: number } {
  const ref = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [theme, setTheme] = useState(0)
  const frame = useRef(0)
  useEffect(() => onTheme(() => setTheme((count) => count + 1)), [])
  useLayoutEffect(() => {
    const parent = ref.current?.parentElement
    if (!parent) return undefined
    const measure = (): void => setWidth(Math.floor(parent.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(parent)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    cancelAnimationFrame(frame.current)
    frame.current = requestAnimationFrame(() => {
      const surface = ref.current === null ? undefined : surfaceOf(ref.current, width, height)
      if (surface !== undefined) draw(surface)
    })
    return () => cancelAnimationFrame(frame.current)
  }, [width, height, theme, ...deps])
  return { ref, width }
}

function surfaceOf(canvas: HTMLCanvasElement, width: number, height: number): Surface | undefined {
  const context = canvas.getContext('2d')
  if (context === null || width <= 0 || height <= 0) return undefined
  const ratio = Math.min(devicePixelRatio || 1, MAX_PIXELS / Math.max(width, height))
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth
    canvas.height = pixelHeight
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return { context, width, height }
}
