import { formatShare, plural } from '../../../reports/shared/numbers.ts'
import { categoryColor } from '../parts/category.tsx'
import type { FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import type { Frames } from './frames.ts'
import type { Layout } from './layout.ts'
import type { Picture } from './paint.ts'
import { matcherOf, matchesIn, type Matches } from './search.ts'
import { formatWeight, wordsOf } from './weights.ts'

/** What a frame says of itself. In time order a frame is as wide as its span was long. */
export interface FrameFigures {
  readonly total: number
  readonly self: number
  readonly share: number
  readonly spans: number
}

export function figuresOf(model: FlameModel, { weight, order, figure }: FlameState, frame: number): FrameFigures {
  const { firstSpan } = model.frames(weight, order)
  const sums = model.sums(weight, order)
  const isPlaced = order === 'time' && weight === 'time'
  const total = isPlaced ? model.run.durationOf(frame) : sums.total[frame]!
  const whole = isPlaced ? model.run.durationNs : model.whole(weight)
  const self = sums.self[frame]!
  return { total, self, share: whole > 0 ? (figure === 'self' ? self : total) / whole : 0, spans: firstSpan[frame + 1]! - firstSpan[frame]! }
}

export const spansOf = ({ firstSpan, spans }: Frames, frame: number): Int32Array => spans.subarray(firstSpan[frame], firstSpan[frame + 1])

export const spanOf = ({ firstSpan, spans }: Frames, frame: number): number => spans[firstSpan[frame]!]!

/** What is looked for, by words or by its row in the table; undefined: nothing. */
export function runMatches(model: FlameModel, { weight, order, search, operation }: FlameState): Matches | undefined {
  if (search.trim() === '' && operation === undefined) return undefined
  const { operations, run } = model
  const isMatch = search.trim() === '' ? () => true : matcherOf(search)
  const wanted = Uint8Array.from(operations.span, (span, one) => ((operation === undefined || operation === one) && isMatch(run.name(span)) ? 1 : 0))
  const frames = model.frames(weight, order)
  return matchesIn(frames.forest, frames.operation, wanted, model.sums(weight, order))
}

/** `12 frames: 62 % of the time` */
export function foundWords(model: FlameModel, { weight, figure, operation }: FlameState, matches: Matches): string {
  const whole = model.whole(weight)
  const name = operation === undefined ? '' : `${model.run.name(model.operations.span[operation]!)}: `
  if (matches.count === 0) return `${name}no frame matches`
  return `${name}${plural(matches.count, 'frame')}, ${formatShare(whole === 0 ? 0 : matches[figure] / whole)} of ${wordsOf[weight]}`
}

/** The colours of categories, each once, and which of them a frame has. */
export function runPicture(model: FlameModel, state: FlameState, layout: Layout, matches: Matches | undefined, marked: ReadonlySet<number>): Picture {
  const { run, operations } = model
  const { weight, order, figure } = state
  const frames = model.frames(weight, order)
  const palette = [...new Set(run.spans.categories.map(categoryColor))]
  const ofOperation = Uint8Array.from(operations.span, (span) => palette.indexOf(categoryColor(run.category(span))))
  return {
    layout, palette,
    fill: Uint8Array.from(frames.operation, (operation) => ofOperation[operation]!),
    shown: matches?.frames,
    outlined: framesWith(frames, marked),
    outlineColor: '--critical',
    name: (frame) => {
      const spans = frames.firstSpan[frame + 1]! - frames.firstSpan[frame]!
      return spans > 1 ? `${run.name(spanOf(frames, frame))} ×${spans}` : run.name(spanOf(frames, frame))
    },
    figures: (frame) => {
      const figures = figuresOf(model, state, frame)
      const text = formatWeight(weight, figures[figure])
      return [`${text} · ${formatShare(figures.share)}`, text]
    },
  }
}

function framesWith(frames: Frames, marked: ReadonlySet<number>): number[] {
  const found: number[] = []
  for (let frame = 0; marked.size > 0 && frame < frames.forest.count; frame++) {
    if (spansOf(frames, frame).some((span) => marked.has(span))) found.push(frame)
  }
  return found
}
