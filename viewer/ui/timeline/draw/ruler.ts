import { formatDuration } from '../../../../src/model/units.ts'
import { color } from '../../canvas/colors.ts'
import { formatTick, lengthOf } from '../../canvas/range.ts'
import { AXIS_HEIGHT, toTime, type Viewport } from '../viewport.ts'

/** The moment below the pointer. */
export function drawRuler(context: CanvasRenderingContext2D, view: Viewport, x: number, originNs: number, font: string): void {
  context.fillStyle = color('--ink-3')
  context.fillRect(Math.round(x), AXIS_HEIGHT - 6, 1, view.height + 6)
  const time = toTime(view, x) - originNs
  // As exact as a pixel.
  const text = formatTick(time, 10 ** Math.floor(Math.log10(Math.max(1, lengthOf(view.range) / view.width))), Math.abs(view.range.to - originNs))
  flag(context, view, x, text, font)
}

/** The stretch that is being chosen on the axis. */
export function drawChosen(context: CanvasRenderingContext2D, view: Viewport, from: number, to: number, font: string): void {
  const [x0, x1] = [Math.min(from, to), Math.max(from, to)]
  context.globalAlpha = 0.16
  context.fillStyle = color('--accent')
  context.fillRect(x0, 0, x1 - x0, AXIS_HEIGHT + view.height)
  context.globalAlpha = 1
  context.fillRect(x0, 0, 1.5, AXIS_HEIGHT + view.height)
  context.fillRect(x1 - 1.5, 0, 1.5, AXIS_HEIGHT + view.height)
  flag(context, view, (x0 + x1) / 2, formatDuration(toTime(view, x1) - toTime(view, x0)), font)
}

function flag(context: CanvasRenderingContext2D, view: Viewport, x: number, text: string, font: string): void {
  context.font = font
  context.textBaseline = 'middle'
  const width = context.measureText(text).width + 12
  const left = Math.min(Math.max(0, x - width / 2), view.width - width)
  context.fillStyle = color('--ink')
  context.beginPath()
  context.roundRect(left, 3, width, AXIS_HEIGHT - 8, 4)
  context.fill()
  context.fillStyle = color('--surface')
  context.fillText(text, left + 6, AXIS_HEIGHT / 2 - 0.5)
}
