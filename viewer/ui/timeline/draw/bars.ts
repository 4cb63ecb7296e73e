import { color } from '../../canvas/colors.ts'
import { lengthOf } from '../../canvas/range.ts'
import { categoryColor } from '../../parts/category.tsx'
import { strengthOf, type Scene } from '../scene.ts'
import { barTop, firstAfter, rowsInView } from '../viewport.ts'
import { drawLabel, type LabelFont } from './label.ts'
import { drawStretches } from './stretches.ts'
import { hatch } from './hatch.ts'

/** What is thinner shares its pixel column with its neighbours: one fill for all of them. */
const THIN = 1.2
/** Pixels of the line along the upper edge, and of an end that is cut off. */
const EMPHASIS = 2
const CUT = 4
/** Calls show their phases from this width on. */
const PHASES_FROM = 28

/** All bars in view. */
export function drawBars(context: CanvasRenderingContext2D, scene: Scene, font: LabelFont): void {
  const { layout, times: { start, end }, view, run } = scene
  const { range, width } = view
  const scale = width / lengthOf(range)
  const fills = run.spans.categories.map((category) => color(categoryColor(category)))
  const thin = new ThinBars(context, scene, fills)
  const [fromRow, toRow] = rowsInView(view, layout.rows)
  for (let row = fromRow; row < toRow; row++) {
    const y = barTop(view, row)
    const last = layout.first[row + 1]!
    for (let at = firstAfter(layout, scene.times, row, range.from); at < last; at++) {
      const i = layout.all[at]!
      if (start[i]! >= range.to) break
      const x0 = (start[i]! - range.from) * scale
      const x1 = (end[i]! - range.from) * scale
      if (x1 - x0 < THIN) {
        thin.add(i, Math.floor(x0), x1 - x0, y)
        continue
      }
      const next = at + 1 < last ? (start[layout.all[at + 1]!]! - range.from) * scale : Infinity
      drawBar(context, scene, { i, x0, x1, y, fill: fills[run.spans.category[i]!]!, strength: strengthOf(i, scene) })
      drawLabel(context, scene, font, { i, x0, x1, y, room: Math.min(width, next) })
    }
    thin.flush(y)
  }
  context.globalAlpha = 1
}

/** Of the bars that share a pixel column the longest is seen, or one that was searched for. */
class ThinBars {
  readonly #context: CanvasRenderingContext2D
  readonly #scene: Scene
  readonly #fills: readonly string[]
  #column = NaN
  #best = -1
  #length = -1

  constructor(context: CanvasRenderingContext2D, scene: Scene, fills: readonly string[]) {
    this.#context = context
    this.#scene = scene
    this.#fills = fills
  }

  add(i: number, column: number, length: number, y: number): void {
    if (column !== this.#column) {
      this.flush(y)
      this.#column = column
    }
    const weight = this.#isSought(i) ? length + 10 : length
    if (weight <= this.#length) return
    this.#best = i
    this.#length = weight
  }

  flush(y: number): void {
    if (this.#best === -1) return
    const { run, view: { size } } = this.#scene
    this.#context.globalAlpha = strengthOf(this.#best, this.#scene)
    this.#context.fillStyle = run.spans.state[this.#best] === 1 ? color('--bad') : this.#fills[run.spans.category[this.#best]!]!
    this.#context.fillRect(this.#column, y, 1, size.bar)
    this.#best = -1
    this.#length = -1
    this.#column = NaN
  }

  #isSought(i: number): boolean {
    const { look: { matches }, marked, run } = this.#scene
    return matches?.isIn[i] === 1 || marked.has(i) || run.spans.state[i] === 1
  }
}

export interface Bar {
  readonly i: number
  readonly x0: number
  readonly x1: number
  readonly y: number
  readonly fill: string
  readonly strength: number
}

function drawBar(context: CanvasRenderingContext2D, scene: Scene, bar: Bar): void {
  const { i, y, fill, strength } = bar
  const { run, late, view: { width, size } } = scene
  // Far outside of the canvas there is nothing to see, and numbers become too large for it.
  const x0 = Math.max(-10, bar.x0)
  const x1 = Math.min(width + 10, Math.max(bar.x0 + 1, bar.x1 - 0.75))
  const isOpen = run.state(i) === 'open'
  context.globalAlpha = strength
  // What of it would be gone is not known by its stretches.
  const stretches = bar.x1 - bar.x0 >= PHASES_FROM && !isOpen && scene.shortened?.[i] !== 1 ? scene.stretches(i) : []
  context.beginPath()
  if (x1 - x0 > 5) context.roundRect(x0, y, x1 - x0, size.bar, 2.5)
  else context.rect(x0, y, x1 - x0, size.bar)
  if (strength < 1) {
    // What is dimmed is not transparent.
    context.globalAlpha = 1
    context.fillStyle = color('--surface')
    context.fill()
    context.globalAlpha = strength
  }
  if (late[i] === 1) {
    context.fillStyle = hatch(context, fill)
    context.fill()
    context.strokeStyle = color('--ink-3')
    context.lineWidth = 1
    context.stroke()
  } else if (stretches.length > 0) drawStretches(context, stretches, bar, size.bar)
  else {
    context.fillStyle = fill
    context.fill()
  }
  if (isOpen) fadeOut(context, x0, x1, y, size.bar)
  markChange(context, scene, i, { x0, x1, y })
  if (run.state(i) === 'failed') {
    context.globalAlpha = Math.max(strength, 0.6)
    context.fillStyle = color('--bad')
    context.fillRect(x0, y, Math.min(3, x1 - x0), size.bar)
  }
}

/** A line along the upper edge of what comes earlier; an end cut off where the span itself takes less. */
function markChange(context: CanvasRenderingContext2D, { emphasised, shortened, view: { size } }: Scene, i: number, { x0, x1, y }: Pick<Bar, 'x0' | 'x1' | 'y'>): void {
  context.fillStyle = color('--accent')
  if (emphasised?.[i] === 1) {
    context.globalAlpha = 1
    context.fillRect(x0, y, x1 - x0, EMPHASIS)
  }
  if (shortened?.[i] === 1) {
    context.globalAlpha = 1
    context.fillRect(Math.max(x0, x1 - CUT), y, Math.min(CUT, x1 - x0), size.bar)
  }
}

/** What has not ended has no edge. */
function fadeOut(context: CanvasRenderingContext2D, x0: number, x1: number, y: number, height: number): void {
  const ground = color('--surface')
  const left = Math.max(x0, x1 - 70)
  const gradient = context.createLinearGradient(left, 0, x1, 0)
  gradient.addColorStop(0, ground.length === 7 ? `${ground}00` : 'transparent')
  gradient.addColorStop(1, ground)
  context.globalAlpha = 1
  context.fillStyle = gradient
  context.fillRect(left, y - 1, x1 - left + 1, height + 2)
}
