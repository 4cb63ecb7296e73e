import { color } from '../../canvas/colors.ts'
import { shownFor } from '../collapse.ts'
import type { Tie } from '../dependencies.ts'
import type { Scene } from '../scene.ts'
import { AXIS_HEIGHT, barTop, toX } from '../viewport.ts'
import { slackLine, strokeSlack } from './ground.ts'

/** Beyond these there are more arrows than anyone can follow. */
const MAX_ARROWS = 40
/** Around what is thinner there is no room for an outline. */
const THIN = 4

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
}

function boxOf({ view, layout, tree, times }: Scene, i: number): Box {
  const shown = shownFor(i, tree, layout)
  const x0 = Math.min(view.width + 8, Math.max(-8, toX(view, times.start[shown]!)))
  return { x: x0, y: barTop(view, layout.row[shown]!), width: Math.max(2, Math.min(view.width + 8, toX(view, times.end[shown]!)) - x0) }
}

/** Outlines of what a finding names, of what is selected, and of what the keyboard is at. */
export function drawOutlines(context: CanvasRenderingContext2D, scene: Scene, isGuided: boolean): void {
  const { marked, selected, focused } = scene
  context.globalAlpha = 1
  drawMarked(context, scene, marked)
  if (selected !== undefined) outline(context, scene, boxOf(scene, selected), color('--accent'), 2.5, [])
  if (isGuided && focused !== undefined && focused !== selected) outline(context, scene, boxOf(scene, focused), color('--accent'), 2, [3, 2])
}

/** A finding can name every span of a long run: one mark a place, and none where nobody looks. */
function drawMarked(context: CanvasRenderingContext2D, scene: Scene, marked: ReadonlySet<number>): void {
  const { view: { height, width, size } } = scene
  const seen = new Set<number>()
  context.fillStyle = color('--ink')
  for (const i of marked) {
    const box = boxOf(scene, i)
    if (box.y < -size.row || box.y > height + AXIS_HEIGHT || box.x > width || box.x + box.width < 0) continue
    const place = Math.round(box.y) * 32_768 + Math.round(box.x)
    if (seen.has(place)) continue
    seen.add(place)
    if (box.width >= THIN) outline(context, scene, box, color('--ink'), 2, [])
    else {
      context.fillRect(box.x - 0.5, box.y - 2, box.width + 1, 2)
      context.fillRect(box.x - 0.5, box.y + size.bar, box.width + 1, 2)
    }
  }
}

export function drawHover(context: CanvasRenderingContext2D, scene: Scene, i: number): void {
  outline(context, scene, boxOf(scene, i), color('--ink-2'), 1.25, [])
}

function outline(context: CanvasRenderingContext2D, { view: { size } }: Scene, { x, y, width }: Box, stroke: string, line: number, dash: readonly number[]): void {
  context.strokeStyle = stroke
  context.lineWidth = line
  context.setLineDash([...dash])
  context.beginPath()
  context.roundRect(x - 1, y - 1, width + 1.25, size.bar + 2, 3)
  context.stroke()
  context.setLineDash([])
}

export function drawSlackOf(context: CanvasRenderingContext2D, scene: Scene, i: number): void {
  const slack = scene.slack?.[i] ?? 0
  if (slack === 0 || scene.layout.row[i] === -1) return
  const { view, times } = scene
  context.beginPath()
  slackLine(context, toX(view, times.end[i]!), Math.min(view.width + 5, toX(view, times.end[i]! + slack)), barTop(view, scene.layout.row[i]!) + view.size.bar / 2)
  strokeSlack(context)
}

/** From what it needed to the span, and from it to what needed it. */
export function drawArrows(context: CanvasRenderingContext2D, scene: Scene, i: number, ties: readonly Tie[]): void {
  const arrows = ties.filter(({ kind }) => kind !== 'free').slice(0, MAX_ARROWS)
  // First a line in the card's colour below each keeps them apart from what they cross.
  for (const isGround of [true, false]) {
    for (const { other, kind } of arrows) {
      const [from, to] = kind === 'needs' ? [other, i] : [i, other]
      arrow(context, scene, from, to, isGround ? color('--surface') : kind === 'needs' ? color('--accent') : color('--ink-2'), isGround ? 4 : 1.75)
    }
  }
}

function arrow(context: CanvasRenderingContext2D, scene: Scene, from: number, to: number, stroke: string, line: number): void {
  const { view: { size, width } } = scene
  const [a, b] = [boxOf(scene, from), boxOf(scene, to)]
  const isLevel = a.y === b.y
  // On one row it goes over the bars, not through their names.
  const start = isLevel ? { x: a.x + a.width - Math.min(7, a.width / 2), y: a.y } : { x: Math.min(width, a.x + a.width), y: a.y + size.bar / 2 }
  const tip = isLevel ? { x: b.x + Math.min(7, b.width / 2), y: b.y } : { x: b.x, y: b.y + size.bar / 2 }
  const distance = Math.abs(tip.x - start.x)
  const bend = isLevel ? Math.min(size.row, 9 + distance * 0.08) : Math.max(14, Math.min(70, distance / 2))
  context.strokeStyle = stroke
  context.lineWidth = line
  context.beginPath()
  context.moveTo(start.x, start.y)
  if (isLevel) context.bezierCurveTo(start.x, start.y - bend, tip.x, tip.y - bend - 4, tip.x, tip.y - 3)
  else context.bezierCurveTo(start.x + bend, start.y, tip.x - bend, tip.y, tip.x - 4, tip.y)
  context.stroke()
  context.fillStyle = stroke
  context.beginPath()
  context.moveTo(tip.x, tip.y + (isLevel ? 2 : 0))
  if (isLevel) {
    context.lineTo(tip.x - 4, tip.y - 5)
    context.lineTo(tip.x + 4, tip.y - 5)
  } else {
    context.lineTo(tip.x - 7, tip.y - 4)
    context.lineTo(tip.x - 7, tip.y + 4)
  }
  context.fill()
}
