import { formatCount } from '../../../reports/shared/numbers.ts'
import { color } from '../canvas/colors.ts'
import { ticks, type Range } from '../canvas/range.ts'
import { TextFitter } from '../canvas/text.ts'
import type { Surface } from '../canvas/use-canvas.ts'
import { drawnColumns, lossOf, worstBreak, type ColumnGroup, type ContextColumn } from './columns.ts'
import { frame, plotWidth, xOf } from './geometry.ts'
import { partColor } from './kinds.ts'
import type { Stretch } from './stacks.ts'

const FONT = '11px system-ui, sans-serif'
/** Of a stretch that is told apart from its neighbours. */
const LEAST_HEIGHT = 1.5

export interface Picture {
  readonly columns: readonly ContextColumn[]
  readonly groups: readonly ColumnGroup[]
  readonly groupName: (group: ColumnGroup) => string
  /** Columns that are in view. */
  readonly range: Range
  /** Tokens at the top. */
  readonly top: number
  readonly stretches: (index: number, least: number) => readonly Stretch[]
  /** Where a column's prefix broke, in tokens. */
  readonly breakAt: (index: number) => number
  readonly focused: number | undefined
  readonly hovered: number | undefined
}

export function drawContext(surface: Surface, picture: Picture): void {
  const { context, width, height } = surface
  const { top, columns, range } = picture
  const y = (tokens: number): number => height - frame.bottom - (tokens / top) * (height - frame.bottom - frame.top)
  drawAxis(surface, top, y)
  context.save()
  context.beginPath()
  context.rect(frame.left, 0, plotWidth(width), height)
  context.clip()
  const drawn = drawnColumns(columns, range, plotWidth(width))
  const least = (top / (height - frame.bottom - frame.top)) * LEAST_HEIGHT
  const hatch = hatchOf(context)
  for (const { index, first, count } of drawn) {
    const column = columns[index]!
    const [x0, x1] = [xOf(first, range, width), xOf(first + count, range, width)]
    const gap = x1 - x0 >= 10 ? 2 : x1 - x0 >= 4 ? 1 : 0
    const w = Math.max(1, x1 - x0 - gap)
    let tokens = 0
    for (const stretch of picture.stretches(index, least)) {
      context.fillStyle = color(stretch.kind === 'answer' ? '--part-answer' : partColor(stretch.kind))
      const bottom = y(tokens)
      tokens += stretch.tokens
      context.fillRect(x0, y(tokens), w, bottom - y(tokens))
    }
    const cached = column.call.input?.cacheRead ?? 0
    if (cached > 0) {
      context.fillStyle = hatch
      context.fillRect(x0, y(cached), w, y(0) - y(cached))
      context.fillStyle = color('--ink-2')
      context.fillRect(x0, y(cached), w, 1)
    }
  }
  for (const { first, count } of drawn) {
    const index = worstBreak(columns, first, count)
    if (index !== undefined) drawBreak(surface, picture, index, y)
  }
  drawWindows(surface, picture, y)
  drawGroups(surface, picture, y)
  for (const [index, property, line] of [[picture.hovered, '--ink-3', 1], [picture.focused, '--accent', 2]] as const) {
    if (index === undefined) continue
    const [x0, x1] = [xOf(index, range, width), xOf(index + 1, range, width)]
    const used = y(columns[index]!.call.usedTokens)
    context.strokeStyle = color(property)
    context.lineWidth = line
    context.strokeRect(x0 - 1.5, used - 1.5, Math.max(2, x1 - x0 - (x1 - x0 >= 10 ? 2 : 0)) + 3, y(0) - used + 3)
  }
  context.restore()
}

function drawAxis({ context, width }: Surface, top: number, y: (tokens: number) => number): void {
  context.font = FONT
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (const tokens of ticks({ from: 0, to: top }, 5)) {
    context.fillStyle = color('--line')
    context.fillRect(frame.left, Math.round(y(tokens)), plotWidth(width), 1)
    context.fillStyle = color('--ink-2')
    context.fillText(formatCount(tokens), frame.left - 8, y(tokens))
  }
}

/** Where the prefix that a cache held broke: a notch there, and a red edge over what was paid again. */
function drawBreak({ context, width, height }: Surface, { columns, range, breakAt }: Picture, index: number, y: (tokens: number) => number): void {
  const loss = lossOf(columns[index]!)
  if (loss === undefined) return
  const [x0, x1] = [xOf(index, range, width), xOf(index + 1, range, width)]
  const w = Math.max(Math.min(2, x1 - x0), Math.min(4, (x1 - x0) / 4))
  context.fillStyle = color('--critical')
  // Where every thin column broke, what they are made of is to be seen all the same.
  context.globalAlpha = x1 - x0 < 4 ? 0.5 : 1
  context.fillRect(x0, y(loss.to), w, Math.max(2, y(loss.from) - y(loss.to)))
  context.globalAlpha = 1
  if (x1 - x0 >= 5) {
    const size = Math.max(4, Math.min(8, (x1 - x0) / 2))
    const at = Math.min(y(breakAt(index)), y(0) - 1)
    context.fillRect(x0, at - 1, x1 - x0 - (x1 - x0 >= 10 ? 2 : 1), 2)
    triangle(context, x0, at, size, 'right')
  }
  // Also below the axis, where it is seen however thin the columns are.
  triangle(context, Math.max(frame.left + 4, (x0 + x1) / 2), height - frame.bottom + 4, 4, 'up')
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, size: number, to: 'right' | 'up'): void {
  context.beginPath()
  if (to === 'right') {
    context.moveTo(x - 1, y - size)
    context.lineTo(x + size, y)
    context.lineTo(x - 1, y + size)
  } else {
    context.moveTo(x - size, y + size * 1.5)
    context.lineTo(x, y)
    context.lineTo(x + size, y + size * 1.5)
  }
  context.fill()
}

/** The models' windows, where they are in the picture. */
function drawWindows({ context, width }: Surface, { columns, range, top }: Picture, y: (tokens: number) => number): void {
  const fitter = new TextFitter(context, FONT)
  context.strokeStyle = color('--ink-2')
  context.fillStyle = color('--ink-2')
  context.lineWidth = 1.5
  context.textAlign = 'left'
  context.textBaseline = 'bottom'
  context.font = FONT
  const [first, last] = [Math.max(0, Math.floor(range.from)), Math.min(columns.length, Math.ceil(range.to))]
  for (let from = first, i = first; i <= last; i++) {
    const window = columns[from]?.call.windowTokens
    if (i < last && columns[i]!.call.windowTokens === window) continue
    if (window !== undefined && window <= top) {
      const [x0, x1] = [Math.max(frame.left, xOf(from, range, width)), Math.min(width - frame.right, xOf(i, range, width))]
      context.setLineDash([5, 4])
      context.beginPath()
      context.moveTo(x0, y(window))
      context.lineTo(x1, y(window))
      context.stroke()
      context.setLineDash([])
      context.fillText(fitter.fit(`window ${formatCount(window)}`, x1 - x0 - 8), x0 + 4, y(window) + (y(window) < 24 ? 16 : -3))
    }
    from = i
  }
}

/** Narrower groups are not named one by one. */
const LEAST_GROUP = 46

function drawGroups({ context, width, height }: Surface, { groups, groupName, range, columns }: Picture, y: (tokens: number) => number): void {
  const fitter = new TextFitter(context, FONT)
  context.font = FONT
  context.textAlign = 'left'
  context.textBaseline = 'top'
  const [left, right] = [frame.left, width - frame.right]
  let isNamed = false
  for (const group of groups) {
    const [x0, x1] = [xOf(group.from, range, width), xOf(group.to, range, width)]
    if (x1 < left || x0 > right) continue
    if (group.from > 0 && x1 - x0 > 3) {
      const isWide = x1 - x0 >= LEAST_GROUP
      context.fillStyle = color('--line-strong')
      context.fillRect(Math.round(x0) - 1, isWide ? frame.top : y(0), 1, (isWide ? y(0) - frame.top : 0) + 12)
    }
    if (x1 - x0 < LEAST_GROUP) continue
    const from = Math.max(x0, left)
    const name = groups.length > 1 ? groupName(group) : ''
    const calls = callsText(columns[group.from]!, columns[group.to - 1]!)
    const room = Math.min(x1, right) - from - 8
    const text = fitter.fit(name === '' ? calls : `${name}, ${calls}`, room)
    if (text === '') continue
    isNamed = true
    context.fillStyle = color('--ink-2')
    context.fillText(text, from + 3, height - 17)
  }
  if (isNamed) return
  const [first, last] = [columns[Math.max(0, Math.floor(range.from))]!, columns[Math.min(columns.length, Math.ceil(range.to)) - 1]!]
  context.fillStyle = color('--ink-2')
  context.fillText(callsText(first, last), left + 3, height - 17)
}

const callsText = ({ call: first }: ContextColumn, { call: last }: ContextColumn): string =>
  (first.number === last.number ? `call ${formatCount(first.number)}` : `calls ${formatCount(first.number)} to ${formatCount(last.number)}`)

const hatches = new Map<string, CanvasPattern>()

/** Lines across what a cache gave, so that it is told by more than a shade. */
function hatchOf(context: CanvasRenderingContext2D): CanvasPattern | string {
  const ratio = Math.max(1, Math.round(context.getTransform().a))
  const key = `${color('--ink')} ${ratio}`
  const known = hatches.get(key)
  if (known !== undefined) return known
  const tile = document.createElement('canvas')
  tile.width = tile.height = 7 * ratio
  const inner = tile.getContext('2d')
  if (inner === null) return 'transparent'
  inner.scale(ratio, ratio)
  inner.strokeStyle = color('--ink')
  inner.globalAlpha = 0.3
  inner.lineWidth = 1
  inner.beginPath()
  for (const shift of [-7, 0, 7]) {
    inner.moveTo(shift, 7)
    inner.lineTo(shift + 7, 0)
  }
  inner.stroke()
  const pattern = context.createPattern(tile, 'repeat')
  if (pattern === null) return 'transparent'
  pattern.setTransform(new DOMMatrix().scale(1 / ratio))
  hatches.set(key, pattern)
  return pattern
}
