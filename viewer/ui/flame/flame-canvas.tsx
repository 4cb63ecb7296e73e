import type { ComponentChildren, JSX, TargetedKeyboardEvent, TargetedMouseEvent } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { color } from '../canvas/colors.ts'
import type { Range } from '../canvas/range.ts'
import { TextFitter } from '../canvas/text.ts'
import { useCanvas } from '../canvas/use-canvas.ts'
import { Tooltip } from '../parts/tooltip.tsx'
import { frameAt, neighbour, type Step } from './hit.ts'
import { heightOf, paintFlame, ROW, rowAt, topOf, type Picture } from './paint.ts'
import { useMovingRange } from './use-moving-range.ts'

interface FlameCanvasProps {
  readonly label: string
  readonly picture: Picture
  /** The frame that fills the width; undefined: all. */
  readonly zoom: number | undefined
  readonly onZoom: (frame: number | undefined) => void
  readonly focused: number | undefined
  readonly onFocus: (frame: number) => void
  /** Double click, or Enter on the frame that is zoomed into. */
  readonly onOpen?: (frame: number) => void
  readonly onSearch: () => void
  readonly flipped: boolean
  readonly describe: (frame: number) => string
  readonly tooltip: (frame: number) => ComponentChildren
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
const MAX_HEIGHT = 620

interface Hover {
  readonly frame: number
  readonly x: number
  readonly y: number
}

/** A flame graph that is looked at: zoomed, gone through with the keys, pointed at. What it shows is the picture's. */
export function FlameCanvas(props: FlameCanvasProps): JSX.Element {
  const { label, picture, zoom, focused, flipped, describe, tooltip, onZoom, onFocus, onOpen } = props
  const { layout } = picture
  const [hover, setHover] = useState<Hover>()
  const [said, setSaid] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  const fitter = useRef<TextFitter | undefined>(undefined)
  const content = heightOf(layout)
  const height = Math.min(content, MAX_HEIGHT)
  const [top, setTop] = useState(0)
  const range = useMovingRange(rangeOf(picture, zoom), layout)
  const hovered = hover !== undefined && hover.frame < layout.forest.count ? hover.frame : undefined
  const { ref } = useCanvas(height, (surface) => {
    fitter.current ??= new TextFitter(surface.context, FONT)
    paintFlame(surface, picture, { range, top: Math.min(top, content - height), flipped, focused, hovered, color, font: FONT }, fitter.current)
  }, [picture, range, top, flipped, focused, hovered])
  useScrolledTo(scroller, picture, focused ?? zoom, flipped)
  useEffect(() => setHover(undefined), [picture, zoom])

  const at = (event: TargetedMouseEvent<HTMLCanvasElement>): number | undefined => {
    const box = event.currentTarget.getBoundingClientRect()
    const unit = (range.to - range.from) / box.width
    return frameAt(layout, rowAt(layout, event.clientY - box.top + top, flipped), range.from + (event.clientX - box.left) * unit, unit * 2)
  }
  const onMove = (event: TargetedMouseEvent<HTMLCanvasElement>): void => {
    const frame = at(event)
    setHover(frame === undefined ? undefined : { frame, x: event.clientX, y: event.clientY })
  }
  const onClick = (event: TargetedMouseEvent<HTMLCanvasElement>): void => {
    const frame = at(event)
    if (frame === undefined) return
    onFocus(frame)
    onZoom(layout.forest.parent[frame] === -1 ? undefined : frame)
  }
  const onKey = (event: TargetedKeyboardEvent<HTMLCanvasElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !handleKey(event.key, props)) return
    event.preventDefault()
    setHover(undefined)
  }
  useEffect(() => setSaid(focused === undefined || focused >= layout.forest.count ? '' : describe(focused)), [focused, picture])
  return (
    <div class="flame-scroll" ref={scroller} style={{ maxHeight: `${MAX_HEIGHT}px` }} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <div style={{ height: `${content}px` }}>
        <canvas
          ref={ref} class="flame-canvas" tabIndex={0} role="application" aria-roledescription="flame graph" aria-label={label} aria-describedby="flame-keys"
          onMouseMove={onMove} onMouseLeave={() => setHover(undefined)} onClick={onClick} onKeyDown={onKey}
          onDblClick={(event) => {
            const frame = at(event)
            if (frame !== undefined) onOpen?.(frame)
          }}
          onFocus={() => {
            if (focused === undefined && layout.byRow.length > 0) onFocus(zoom ?? layout.byRow[0]!)
          }}
        />
      </div>
      <p class="visually-hidden" aria-live="polite">{said}</p>
      {hover !== undefined && hovered !== undefined && <Tooltip x={hover.x} y={hover.y}>{tooltip(hovered)}</Tooltip>}
    </div>
  )
}

export function FlameKeys({ opens }: { readonly opens: boolean }): JSX.Element {
  return (
    <p class="faint flame-keys" id="flame-keys">
      Click: zoom in. {opens && 'Double click: the span. '}Keys: arrows to the frames beside, inside and outside, Enter zooms in{opens && ' and then opens the span'}, Escape goes out, Home to all, / searches.
    </p>
  )
}

const steps: Readonly<Record<string, Step>> = { ArrowRight: 'next', ArrowLeft: 'previous' }

/** @returns whether it was one of the picture's keys */
function handleKey(key: string, { picture: { layout }, zoom, focused: given, flipped, onZoom, onFocus, onOpen, onSearch }: FlameCanvasProps): boolean {
  const root = layout.byRow[0]
  if (root === undefined) return false
  const focused = given ?? zoom ?? root
  const goOut = (): void => {
    const parent = zoom === undefined ? -1 : layout.forest.parent[zoom]!
    onZoom(parent === -1 || layout.forest.parent[parent] === -1 ? undefined : parent)
    onFocus(parent === -1 ? root : parent)
  }
  switch (key) {
    case 'ArrowRight':
    case 'ArrowLeft':
    case 'ArrowUp':
    case 'ArrowDown': {
      const step = steps[key] ?? ((key === 'ArrowDown') === flipped ? 'out' : 'in')
      onFocus(neighbour(layout, focused, step) ?? focused)
      return true
    }
    case 'Enter':
      if (focused === zoom || (zoom === undefined && focused === root)) onOpen?.(focused)
      else onZoom(layout.forest.parent[focused] === -1 ? undefined : focused)
      return true
    case 'Escape':
    case 'Backspace':
      // With nothing to go out of, Escape is left to what else it may close.
      if (zoom === undefined) return false
      goOut()
      return true
    case 'Home':
      onZoom(undefined)
      onFocus(root)
      return true
    case '/':
      onSearch()
      return true
    default:
      return false
  }
}

function rangeOf({ layout: { axis, from, to, row } }: Picture, zoom: number | undefined): Range {
  // A span of no length cannot fill the width.
  return zoom === undefined || (row[zoom] ?? -1) === -1 || to[zoom]! <= from[zoom]! ? axis : { from: from[zoom]!, to: to[zoom]! }
}

/** Scrolled just so far that the row can be seen; at first to the root. */
function useScrolledTo(scroller: { readonly current: HTMLDivElement | null }, { layout }: Picture, frame: number | undefined, flipped: boolean): void {
  useLayoutEffect(() => {
    const element = scroller.current
    const row = frame === undefined ? 0 : (layout.row[frame] ?? -1)
    if (element === null || row === -1) return
    const y = topOf(layout, row, flipped)
    if (y < element.scrollTop) element.scrollTop = y
    else if (y + ROW > element.scrollTop + element.clientHeight) element.scrollTop = y + ROW - element.clientHeight
  }, [layout, frame, flipped])
}
