import { plural } from '../../../../reports/shared/numbers.ts'
import { formatDuration } from '../../../../src/model/units.ts'
import { color } from '../../canvas/colors.ts'
import type { TextFitter } from '../../canvas/text.ts'
import { strengthOf, type Scene } from '../scene.ts'

export interface LabelFont {
  readonly font: string
  readonly fitter: TextFitter
}

interface Place {
  readonly i: number
  readonly x0: number
  readonly x1: number
  readonly y: number
  /** Where the next bar begins, or the canvas ends. */
  readonly room: number
}

const PAD = 5
/** Bars from this width on show whether they are open. */
const TRIANGLE_FROM = 34
export const TRIANGLE = 13
const SIGN = 11
/** Less says nothing. */
const LEAST = 22

/** Whether the bar has a triangle, which opens and collapses it. */
export const hasTriangle = ({ tree }: Pick<Scene, 'tree'>, i: number, width: number): boolean => tree.children[i]!.length > 0 && width >= TRIANGLE_FROM

/** Signs, name and duration: inside of the bar where they fit, else to the right of it where there is room. */
export function drawLabel(context: CanvasRenderingContext2D, scene: Scene, { font, fitter }: LabelFont, place: Place): void {
  const { i, x0, x1, y, room } = place
  const { run, view: { width, size }, collapsed, shortened } = scene
  const isFaint = strengthOf(i, scene) < 0.4
  const middle = y + size.text
  let at = Math.max(x0, 0) + PAD
  context.globalAlpha = 1
  if (hasTriangle(scene, i, x1 - x0)) {
    drawTriangle(context, at + 3.5, middle - 0.5, collapsed[i] === 1)
    at += TRIANGLE
  }
  const sign = run.state(i)
  const hasSign = sign === 'failed' || sign === 'cancelled'
  const inside = Math.min(x1, width) - at - 3
  if (hasSign && inside >= SIGN) {
    drawSign(context, sign, at + 3.5, middle - 0.5)
    at += SIGN + 1
  }
  const left = Math.min(shortened?.[i] === 1 ? x1 - 5 : x1, width) - at - 3
  const name = run.name(i)
  const texts = [
    name, ...(collapsed[i] === 1 ? [`+ ${plural(scene.tree.below[i]!, 'span')}`] : []), formatDuration(scene.times.end[i]! - scene.times.start[i]!),
    ...(shortened?.[i] === 1 ? [`was ${formatDuration(run.durationOf(i))}`] : []),
  ]
  // Long names are measured as far as any bar could show them.
  const wanted = fitter.width(name.slice(0, 300))
  const outsideAt = x1 + PAD + (hasSign && inside < SIGN ? SIGN : 0)
  const outside = room - outsideAt - PAD
  context.font = font
  context.textBaseline = 'middle'
  if (wanted > left && outside >= Math.min(wanted, 160) && outside > left) {
    if (hasSign && inside < SIGN) drawSign(context, sign, x1 + PAD + 2.5, middle - 0.5)
    context.fillStyle = isFaint ? color('--ink-3') : color('--ink-2')
    return writeAll(context, fitter, texts, outsideAt, middle, outside)
  }
  if (left < Math.min(LEAST, wanted)) return
  context.fillStyle = isFaint ? color('--ink-2') : color('--ink')
  writeAll(context, fitter, texts, at, middle, left)
}

/** The first text as far as it fits, and each of the others where all of it fits. */
function writeAll(context: CanvasRenderingContext2D, fitter: TextFitter, texts: readonly string[], x: number, y: number, room: number): void {
  let at = x
  texts.forEach((text, n) => {
    const left = room - (at - x)
    const fitted = n === 0 ? fitter.fit(text, left) : fitter.width(text) <= left ? text : ''
    if (fitted === '') return
    context.fillText(fitted, at, y)
    at += fitter.width(fitted) + 8
  })
}

function drawTriangle(context: CanvasRenderingContext2D, x: number, y: number, isCollapsed: boolean): void {
  context.fillStyle = color('--ink-2')
  context.beginPath()
  if (isCollapsed) {
    context.moveTo(x - 2.5, y - 4)
    context.lineTo(x + 3.5, y)
    context.lineTo(x - 2.5, y + 4)
  } else {
    context.moveTo(x - 4, y - 2.5)
    context.lineTo(x + 4, y - 2.5)
    context.lineTo(x, y + 3.5)
  }
  context.fill()
}

/** A cross for what failed, a crossed-out circle for what was cancelled. */
function drawSign(context: CanvasRenderingContext2D, state: string, x: number, y: number): void {
  const r = 3.5
  context.strokeStyle = state === 'failed' ? color('--bad') : color('--ink-2')
  context.lineWidth = state === 'failed' ? 2 : 1.5
  context.beginPath()
  if (state === 'failed') {
    context.moveTo(x - r, y - r)
    context.lineTo(x + r, y + r)
    context.moveTo(x + r, y - r)
    context.lineTo(x - r, y + r)
  } else {
    context.arc(x, y, r + 0.5, 0, Math.PI * 2)
    context.moveTo(x - r + 1, y + r - 1)
    context.lineTo(x + r - 1, y - r + 1)
  }
  context.stroke()
}
