import type { Range } from '../canvas/range.ts'
import type { TextFitter } from '../canvas/text.ts'
import type { Surface } from '../canvas/use-canvas.ts'
import { firstEndingAfter, type Layout } from './layout.ts'

export const ROW = 21
const GAP = 1
const PADDING = 6
/** Narrower frames are drawn without a gap and without text. */
const NARROW = 3

/** A flame graph as it is drawn, of a run or of a difference. */
export interface Picture {
  readonly layout: Layout
  /** Custom properties of the theme. */
  readonly palette: readonly string[]
  /** Of each frame: its colour in the palette. */
  readonly fill: Uint8Array
  /** 0: stands back, for it is not what is looked for. */
  readonly shown?: Uint8Array | undefined
  /** Frames with a line around them, however narrow they are. */
  readonly outlined: readonly number[]
  readonly outlineColor: string
  /** Frames that are no longer there. */
  readonly hatched?: Uint8Array
  readonly name: (frame: number) => string
  /** What the frame is labelled with beside its name: the first that there is room for. */
  readonly figures: (frame: number) => readonly string[]
  /** Stands before the name where there is room for no figure. */
  readonly sign?: (frame: number) => string
}

export interface Look {
  readonly range: Range
  /** How far down it is scrolled, in pixels, and whether the root is at the bottom. */
  readonly top: number
  readonly flipped: boolean
  readonly focused?: number | undefined
  readonly hovered?: number | undefined
  readonly color: (property: string) => string
  readonly font: string
}

export const heightOf = ({ rows }: Layout): number => Math.max(1, rows) * ROW

/** Upper edge of a row, unscrolled. */
export const topOf = ({ rows }: Layout, row: number, flipped: boolean): number => (flipped ? rows - 1 - row : row) * ROW

export const rowAt = ({ rows }: Layout, y: number, flipped: boolean): number => (flipped ? rows - 1 - Math.floor(y / ROW) : Math.floor(y / ROW))

export function paintFlame(surface: Surface, picture: Picture, look: Look, fitter: TextFitter): void {
  const { context, height } = surface
  const { layout } = picture
  context.font = look.font
  context.textBaseline = 'middle'
  for (let row = 0; row < layout.rows; row++) {
    const y = topOf(layout, row, look.flipped) - look.top
    if (y + ROW > 0 && y < height) paintRow(surface, picture, look, fitter, row, y)
  }
  context.lineJoin = 'round'
  for (const frame of picture.outlined) outline(surface, picture, look, frame, look.color(picture.outlineColor), 1.5)
  if (look.hovered !== undefined) outline(surface, picture, look, look.hovered, look.color('--ink-2'), 1)
  if (look.focused !== undefined) outline(surface, picture, look, look.focused, look.color('--accent'), 2)
}

function paintRow(surface: Surface, picture: Picture, look: Look, fitter: TextFitter, row: number, y: number): void {
  const { context, width } = surface
  const { layout, fill, shown, palette } = picture
  const { byRow, from, to, firstInRow } = layout
  const { range } = look
  const scale = width / (range.to - range.from)
  const last = firstInRow[row + 1]!
  let at = firstEndingAfter(layout, row, range.from)
  // Neighbours of one colour that are too narrow to be told apart are one rectangle.
  const pending: Pending = { left: 0, right: 0, fill: -1, shown: true }
  while (at < last) {
    const frame = byRow[at]!
    if (from[frame]! >= range.to) break
    const left = Math.max(0, (from[frame]! - range.from) * scale)
    const right = Math.min(width, (to[frame]! - range.from) * scale)
    const isShown = shown === undefined || shown[frame] === 1
    if (right - left >= NARROW) {
      flush(context, pending, palette, look, y)
      paintFrame(context, picture, look, fitter, frame, left, right, y, isShown)
      at++
      continue
    }
    const [start, end] = [Math.floor(left), Math.max(Math.floor(left) + 1, Math.ceil(right))]
    if (pending.fill !== fill[frame] || pending.shown !== isShown || start > pending.right) {
      flush(context, pending, palette, look, y)
      pending.left = Math.max(start, pending.right)
      pending.fill = fill[frame]!
      pending.shown = isShown
    }
    pending.right = Math.max(pending.right, end)
    // All that ends within this pixel is under it.
    at = right >= end ? at + 1 : firstEndingAfter(layout, row, range.from + end / scale, at + 1)
  }
  flush(context, pending, palette, look, y)
}

interface Pending {
  left: number
  right: number
  fill: number
  shown: boolean
}

function flush(context: CanvasRenderingContext2D, pending: Pending, palette: readonly string[], look: Look, y: number): void {
  if (pending.fill === -1) return
  context.globalAlpha = pending.shown ? 1 : BACK
  context.fillStyle = look.color(palette[pending.fill]!)
  context.fillRect(pending.left, y, pending.right - pending.left, ROW - GAP)
  context.globalAlpha = 1
  pending.fill = -1
}

/** How much of a frame's colour is left when it stands back. */
const BACK = 0.26

function paintFrame(
  context: CanvasRenderingContext2D, picture: Picture, look: Look, fitter: TextFitter, frame: number, left: number, right: number, y: number, isShown: boolean,
): void {
  const width = right - left - GAP
  context.globalAlpha = isShown ? 1 : BACK
  context.fillStyle = look.color(picture.palette[picture.fill[frame]!]!)
  context.fillRect(left, y, width, ROW - GAP)
  context.globalAlpha = 1
  if (picture.hatched?.[frame] === 1) hatch(context, look, left, y, width)
  if (width < 3 * PADDING) return
  context.fillStyle = look.color(isShown ? '--ink' : '--ink-3')
  label(context, picture, fitter, frame, { left: left + PADDING, middle: y + (ROW - GAP) / 2 + 0.5, room: width - 2 * PADDING })
}

interface Place {
  readonly left: number
  readonly middle: number
  readonly room: number
}

function label(context: CanvasRenderingContext2D, picture: Picture, fitter: TextFitter, frame: number, { left, middle, room }: Place): void {
  const name = picture.name(frame)
  const used = name.length > 500 || fitter.fit(name, room) !== name ? room : context.measureText(name).width
  const figure = used >= room ? undefined : picture.figures(frame).find((text) => used + 2 * PADDING + context.measureText(text).width <= room)
  if (figure === undefined) {
    const sign = picture.sign?.(frame) ?? ''
    context.fillText(fitter.fit(sign === '' ? name : `${sign} ${name}`, room), left, middle)
    return
  }
  context.fillText(name, left, middle)
  // Beside the name and not at the far end: the eye need not cross the whole picture.
  context.fillText(figure, left + used + 2 * PADDING, middle)
}

function hatch(context: CanvasRenderingContext2D, look: Look, left: number, y: number, width: number): void {
  context.save()
  context.beginPath()
  context.rect(left, y, width, ROW - GAP)
  context.clip()
  context.strokeStyle = look.color('--surface')
  context.globalAlpha = 0.55
  context.lineWidth = 2
  context.beginPath()
  for (let x = left - ROW; x < left + width; x += 7) {
    context.moveTo(x, y + ROW)
    context.lineTo(x + ROW, y)
  }
  context.stroke()
  context.restore()
}

function outline({ context, width, height }: Surface, { layout }: Picture, look: Look, frame: number, color: string, line: number): void {
  const row = layout.row[frame] ?? -1
  const y = topOf(layout, row, look.flipped) - look.top
  if (row === -1 || y + ROW <= 0 || y >= height) return
  const { range } = look
  const scale = width / (range.to - range.from)
  if (layout.to[frame]! < range.from || layout.from[frame]! > range.to) return
  const left = Math.max(0, (layout.from[frame]! - range.from) * scale)
  const right = Math.min(width, Math.max((layout.to[frame]! - range.from) * scale - GAP, left + 2))
  context.strokeStyle = color
  context.lineWidth = line
  context.strokeRect(left + line / 2, y + line / 2, Math.max(0.5, right - left - line), ROW - GAP - line)
}
