import { color } from '../../canvas/colors.ts'
import { formatTick, lengthOf, timeTicks } from '../../canvas/range.ts'
import type { Scene } from '../scene.ts'
import { AXIS_HEIGHT, firstAfter, rowsInView, toX, type Viewport } from '../viewport.ts'

/** Ticks for each so many pixels. */
const TICK_EVERY = 90

/** What lies behind the bars: where work ran side by side, and lines at round moments. */
export function drawGround(context: CanvasRenderingContext2D, scene: Scene, originNs: number): void {
  const { view, layout: { parallel } } = scene
  const { range, width, height, top, size } = view
  const scale = width / lengthOf(range)
  for (let g = 0; g < parallel.count; g++) {
    if (parallel.to[g]! < range.from || parallel.from[g]! > range.to || (parallel.to[g]! - parallel.from[g]!) * scale < 6) continue
    const y = AXIS_HEIGHT + parallel.row[g]! * size.row - top
    const rows = parallel.rows[g]! * size.row
    if (y > AXIS_HEIGHT + height || y + rows < AXIS_HEIGHT) continue
    const x0 = Math.max(-5, (parallel.from[g]! - range.from) * scale)
    const x1 = Math.min(width + 5, (parallel.to[g]! - range.from) * scale)
    context.fillStyle = color('--sunken')
    context.fillRect(x0 - 2, y, x1 - x0 + 4, rows)
    bracket(context, x0 - 2.5, y + 1, rows - 2)
  }
  context.fillStyle = color('--line')
  for (const time of ticksOf(view, originNs).at) context.fillRect(Math.round(toX(view, time + originNs)), AXIS_HEIGHT, 1, height)
}

function bracket(context: CanvasRenderingContext2D, x: number, y: number, height: number): void {
  context.strokeStyle = color('--ink-3')
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x + 3, y + 0.5)
  context.lineTo(x, y + 0.5)
  context.lineTo(x, y + height - 0.5)
  context.lineTo(x + 3, y + height - 0.5)
  context.stroke()
}

/** Times since the run began. */
function ticksOf({ range, width }: Viewport, originNs: number): ReturnType<typeof timeTicks> {
  return timeTicks({ from: range.from - originNs, to: range.to - originNs }, width / TICK_EVERY)
}

/** Over the rows, which scroll below it. */
export function drawAxis(context: CanvasRenderingContext2D, view: Viewport, originNs: number, font: string): void {
  context.globalAlpha = 1
  context.fillStyle = color('--surface')
  context.fillRect(0, 0, view.width, AXIS_HEIGHT)
  context.fillStyle = color('--line-strong')
  context.fillRect(0, AXIS_HEIGHT - 1, view.width, 1)
  context.font = font
  context.textBaseline = 'middle'
  const { step, at } = ticksOf(view, originNs)
  for (const time of at) {
    const x = Math.round(toX(view, time + originNs))
    context.fillStyle = color('--line-strong')
    context.fillRect(x, AXIS_HEIGHT - 6, 1, 5)
    context.fillStyle = color('--ink-2')
    const text = formatTick(time, step, Math.abs(view.range.to - originNs))
    const { width } = context.measureText(text)
    if (x + 5 + width <= view.width) context.fillText(text, x + 4, AXIS_HEIGHT / 2 - 1)
  }
}

/** How long each span could have taken without the run ending later, behind the bars. */
export function drawSlack(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, layout, slack, times: { start, end } } = scene
  if (slack === undefined) return
  const scale = view.width / lengthOf(view.range)
  const [fromRow, toRow] = rowsInView(view, layout.rows)
  context.beginPath()
  let drawn = 0
  for (let row = fromRow; row < toRow; row++) {
    const y = AXIS_HEIGHT + row * view.size.row - view.top + view.size.gap + view.size.bar / 2
    // A bar that ended before the view may have slack that reaches into it.
    for (let at = Math.max(layout.first[row]!, firstAfter(layout, scene.times, row, view.range.from) - 1); at < layout.first[row + 1]! && drawn < MAX_SLACK; at++) {
      const i = layout.all[at]!
      if (start[i]! >= view.range.to) break
      if (slack[i]! * scale <= 1) continue
      slackLine(context, toX(view, end[i]!), Math.min(view.width + 5, toX(view, end[i]! + slack[i]!)), y)
      drawn++
    }
  }
  strokeSlack(context)
}

const MAX_SLACK = 3_000

/** Into the present path. */
export function slackLine(context: CanvasRenderingContext2D, from: number, to: number, y: number): void {
  context.moveTo(Math.max(-5, from), y)
  context.lineTo(to, y)
  context.moveTo(to, y - 3)
  context.lineTo(to, y + 3)
}

export function strokeSlack(context: CanvasRenderingContext2D): void {
  context.globalAlpha = 1
  context.strokeStyle = color('--ink-3')
  context.lineWidth = 1.25
  context.setLineDash([4, 3])
  context.stroke()
  context.setLineDash([])
}
