import { color } from '../../canvas/colors.ts'
import { TextFitter } from '../../canvas/text.ts'
import type { Surface } from '../../canvas/use-canvas.ts'
import type { Tie } from '../dependencies.ts'
import type { Scene } from '../scene.ts'
import { axisFont } from '../use-chart.ts'
import { AXIS_HEIGHT } from '../viewport.ts'
import { drawBars } from './bars.ts'
import { drawAxis, drawGround, drawSlack } from './ground.ts'
import { drawArrows, drawHover, drawOutlines, drawSlackOf } from './marks.ts'
import { drawPath } from './path-line.ts'
import { drawChosen, drawRuler } from './ruler.ts'

/** Everything but what follows the pointer. */
export function drawFrame({ context, width }: Surface, scene: Scene, isGuided: boolean): void {
  const font = `11.5px ${color('--font')}`
  const originNs = scene.run.startNs
  belowAxis(context, width, scene, () => {
    drawGround(context, scene, originNs)
    if (scene.look.showSlack) drawSlack(context, scene)
    drawBars(context, scene, { font, fitter: fitterFor(context, font) })
    if (scene.look.showPath) drawPath(context, scene)
    drawOutlines(context, scene, isGuided)
  })
  drawAxis(context, scene.view, originNs, axisFont())
}

export interface Pointed {
  readonly hovered: number | undefined
  /** The span whose slack and ties are shown. */
  readonly explained: number | undefined
  readonly ties: readonly Tie[]
  /** Where the ruler is, and the stretch of the axis that is being chosen; pixels. */
  readonly ruler: number | undefined
  readonly chosen: readonly [from: number, to: number] | undefined
}

/** On a canvas of its own over the other: a pointer that moves draws nothing else anew. */
export function drawOver({ context, width }: Surface, scene: Scene, { hovered, explained, ties, ruler, chosen }: Pointed): void {
  belowAxis(context, width, scene, () => {
    if (hovered !== undefined) drawHover(context, scene, hovered)
    if (explained === undefined) return
    drawSlackOf(context, scene, explained)
    drawArrows(context, scene, explained, ties)
  })
  if (chosen !== undefined) drawChosen(context, scene.view, chosen[0], chosen[1], axisFont())
  else if (ruler !== undefined) drawRuler(context, scene.view, ruler, scene.run.startNs, axisFont())
}

function belowAxis(context: CanvasRenderingContext2D, width: number, { view: { height } }: Scene, draw: () => void): void {
  context.save()
  context.beginPath()
  context.rect(0, AXIS_HEIGHT, width, height)
  context.clip()
  draw()
  context.restore()
}

/** Widths are measured once per font. */
const fitters = new Map<string, TextFitter>()
function fitterFor(context: CanvasRenderingContext2D, font: string): TextFitter {
  let fitter = fitters.get(font)
  if (fitter === undefined) fitters.set(font, fitter = new TextFitter(context, font))
  return fitter
}
