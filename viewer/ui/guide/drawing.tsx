import type { ComponentChildren, JSX } from 'preact'
import { ScrollBox } from '../parts/scroll-box.tsx'

interface DrawingProps {
  /** What is to be seen, for those who do not see it. */
  readonly label: string
  readonly height: number
  readonly children: ComponentChildren
}

/** A small example, 600 wide. */
export function Drawing({ label, height, children }: DrawingProps): JSX.Element {
  return <ScrollBox class="guide-drawing" label="Example"><svg viewBox={`0 0 600 ${height}`} role="img" aria-label={label}>{children}</svg></ScrollBox>
}

interface BarProps {
  readonly x: number
  readonly y: number
  readonly w: number
  /** A custom property of theme.css. */
  readonly fill: string
  readonly text?: string
}

/** A span, 22 high. */
export function Bar({ x, y, w, fill, text }: BarProps): JSX.Element {
  return (
    <g>
      <rect x={x} y={y} width={w} height="22" rx="3" fill={`var(${fill})`} />
      {text !== undefined && <text x={x + 7} y={y + 15.5} fill="var(--ink)">{text}</text>}
    </g>
  )
}

export function Note({ x, y, end = false, children }: { readonly x: number; readonly y: number; readonly end?: boolean; readonly children: string }): JSX.Element {
  return <text x={x} y={y} fill="var(--ink-2)" text-anchor={end ? 'end' : 'start'}>{children}</text>
}
