import { color } from '../../canvas/colors.ts'
import { lengthOf } from '../../canvas/range.ts'
import { shownFor } from '../collapse.ts'
import type { PathPieces } from '../path.ts'
import type { Scene } from '../scene.ts'
import { AXIS_HEIGHT } from '../viewport.ts'

const LINE = 2.5
/** Between stretches that are both thinner, lines from row to row would fill the picture. */
const CONNECT_FROM = 3
const NEAR = 3

/** The critical path as one line along the bottoms of the bars that it runs through. */
export function drawPath(context: CanvasRenderingContext2D, scene: Scene): void {
  const { path, view, layout } = scene
  const scale = view.width / lengthOf(view.range)
  const pen = new Pen(context)
  let [column, best, longest] = [NaN, -1, 0]
  context.globalAlpha = 1
  context.fillStyle = color('--critical')
  const yOf = (span: number): number => {
    const row = layout.row[span]! >= 0 ? layout.row[span]! : layout.row[shownFor(span, scene.tree, layout)]!
    return AXIS_HEIGHT + row * view.size.row - view.top + view.size.gap + view.size.bar + 0.5
  }
  const flush = (): void => {
    if (best !== -1) pen.to(column, column + 1, yOf(best))
    best = -1
    longest = 0
  }
  for (let at = firstPiece(path, view.range.from); at < path.count && path.from[at]! < view.range.to; at++) {
    const x0 = (path.from[at]! - view.range.from) * scale
    const x1 = (path.to[at]! - view.range.from) * scale
    if (x1 - x0 >= 1) {
      flush()
      column = NaN
      pen.to(Math.max(-5, x0), Math.min(view.width + 5, x1), yOf(path.span[at]!))
      continue
    }
    // Of many thin ones in a pixel column, the longest.
    if (Math.floor(x0) !== column) flush()
    column = Math.floor(x0)
    if (x1 - x0 > longest) [best, longest] = [path.span[at]!, x1 - x0]
  }
  flush()
  pen.end()
}

function firstPiece({ count, to }: PathPieces, time: number): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (to[middle]! > time) high = middle
    else low = middle + 1
  }
  return low
}

/** Puts stretches of one row together, and ties each to the next one. */
class Pen {
  readonly #context: CanvasRenderingContext2D
  #from = NaN
  #to = NaN
  #y = NaN

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context
  }

  to(from: number, to: number, y: number): void {
    if (y === this.#y && from - this.#to < NEAR) {
      this.#to = to
      return
    }
    // A moment in another row, as between two children, is too short to be followed there and back.
    if (to - this.#to < NEAR) return
    const isTied = Math.max(this.#to - this.#from, to - from) >= CONNECT_FROM
    // What was too short to be followed belongs to the stretch before it.
    if (from - this.#to < NEAR * 2) this.#to = from
    this.end()
    if (isTied) this.#context.fillRect(from - 0.75, Math.min(y, this.#y), 1.5, Math.abs(y - this.#y) + LINE)
    this.#from = from
    this.#to = to
    this.#y = y
  }

  end(): void {
    if (!Number.isNaN(this.#y)) this.#context.fillRect(this.#from, this.#y, this.#to - this.#from, LINE)
  }
}
