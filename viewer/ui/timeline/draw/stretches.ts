import { color } from '../../canvas/colors.ts'
import type { Stretch } from '../call-phases.ts'
import type { Bar } from './bars.ts'

/** The inside of a call of a model, in the shape that is the context's present path. */
export function drawStretches(context: CanvasRenderingContext2D, stretches: readonly Stretch[], { x0, x1, y, fill, strength }: Bar, height: number): void {
  context.save()
  context.clip()
  context.fillStyle = color('--surface')
  context.globalAlpha = 1
  context.fillRect(Math.max(-10, x0), y, x1 - Math.max(-10, x0), height)
  for (const { kind, from, to } of stretches) {
    const left = x0 + (x1 - x0) * from
    const right = x0 + (x1 - x0) * to
    if (right < -10) continue
    switch (kind) {
      case 'wait':
      case 'backoff':
        context.globalAlpha = strength
        dotted(context, left, right, y + height - 3)
        break
      case 'attempt':
        context.globalAlpha = strength * 0.45
        context.fillStyle = fill
        context.fillRect(left, y, right - left, height)
        context.globalAlpha = Math.max(0.6, strength)
        context.strokeStyle = color('--bad')
        context.lineWidth = 1.5
        context.strokeRect(left + 0.75, y + 0.75, Math.max(1, right - left - 1.5), height - 1.5)
        break
      default:
        context.globalAlpha = strength * shades[kind]
        context.fillStyle = kind === 'reader' ? color('--reader') : fill
        context.fillRect(left, y, right - left, height)
    }
  }
  context.restore()
  context.globalAlpha = strength
}

/** Waiting is lighter than working. */
const shades = { headers: 0.42, 'first-token': 0.62, decode: 1, reader: 1, rest: 0.85 } as const

function dotted(context: CanvasRenderingContext2D, left: number, right: number, y: number): void {
  context.strokeStyle = color('--ink-3')
  context.lineWidth = 1.5
  context.setLineDash([1.5, 3])
  context.beginPath()
  context.moveTo(left + 1, y)
  context.lineTo(right - 1, y)
  context.stroke()
  context.setLineDash([])
}
