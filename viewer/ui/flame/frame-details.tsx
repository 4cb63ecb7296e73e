import type { JSX } from 'preact'
import { formatCount, formatShare, plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { CategoryName } from '../parts/category.tsx'
import { useRun } from '../run/run-context.ts'
import type { FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import { spreadOf } from './frames.ts'
import { figuresOf, spanOf, spansOf } from './run-picture.ts'
import { formatWeight, wordsOf } from './weights.ts'

interface FrameProps {
  readonly model: FlameModel
  readonly state: FlameState
  readonly frame: number
}

type Row = readonly [name: string, text: string]

function rowsOf({ model, state, frame }: FrameProps): Row[] {
  const { weight, order, figure } = state
  const { run } = model
  const { total, self, share, spans } = figuresOf(model, state, frame)
  const isPlaced = order === 'time' && weight === 'time'
  const spread = spreadOf(model.frames(weight, order), frame, (span) => run.durationOf(span))
  const rows: Row[] = [
    [isPlaced ? 'Duration' : 'Total', formatWeight(weight, total)],
    ['Self', formatWeight(weight, self)],
    [`Share (${figure})`, `${formatShare(share)} of ${isPlaced ? 'the run' : wordsOf[weight]}`],
  ]
  if (spans > 1) {
    rows.push(['Spans', formatCount(spans)])
    rows.push(['Durations', `${formatDuration(spread.least)} to ${formatDuration(spread.most)}, median ${formatDuration(spread.median)}`])
  } else if (!isPlaced) rows.push(['Duration', formatDuration(spread.median)])
  return rows
}

export function FrameTooltip(props: FrameProps): JSX.Element {
  const { model, state, frame } = props
  const span = spanOf(model.frames(state.weight, state.order), frame)
  return (
    <>
      <p class="flame-tip-name">{model.run.name(span)}</p>
      <CategoryName category={model.run.category(span)} />
      <dl>{rowsOf(props).map(([name, text]) => <RowOf key={name} name={name} text={text} />)}</dl>
    </>
  )
}

const RowOf = ({ name, text }: { readonly name: string; readonly text: string }): JSX.Element => <><dt>{name}</dt><dd>{text}</dd></>

/** In one sentence, for the live region. */
export function frameWords(model: FlameModel, state: FlameState, frame: number): string {
  const span = spanOf(model.frames(state.weight, state.order), frame)
  const depth = model.run.spans.depth[span]! + 1
  return [`${model.run.name(span)}, ${cleanName(model.run.category(span) || 'internal')}, level ${depth}`, ...rowsOf({ model, state, frame }).map(([name, text]) => `${name} ${text}`)].join('; ')
}

/** The frame that the keys are at, or that was clicked: its figures, and the way to its spans. */
export function FrameDetails(props: FrameProps): JSX.Element {
  const { model, state, frame } = props
  const frames = model.frames(state.weight, state.order)
  const span = spanOf(frames, frame)
  return (
    <section class="flame-details" aria-label="Frame">
      <p class="row flame-frame"><CategoryName category={model.run.category(span)} /><strong>{model.run.name(span)}</strong></p>
      <dl>{rowsOf(props).map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
      <Spans spans={spansOf(frames, frame)} />
    </section>
  )
}

function Spans({ spans }: { readonly spans: Int32Array }): JSX.Element {
  const { selected, select } = useRun()
  const at = selected === undefined ? -1 : spans.indexOf(selected)
  const step = (by: number): void => select(spans[(at + by + spans.length) % spans.length])
  if (at === -1) return <button type="button" class="button" onClick={() => select(spans[0])}>{spans.length === 1 ? 'Open the span' : `Open the first of ${plural(spans.length, 'span')}`}</button>
  if (spans.length === 1) return <button type="button" class="button" onClick={() => select(undefined)}>Close the span</button>
  return (
    <div class="row" role="group" aria-label="Spans of this frame">
      <button type="button" class="button" onClick={() => step(-1)} aria-label="Previous span of the frame">‹</button>
      <span class="number" aria-live="polite">{formatCount(at + 1)} of {formatCount(spans.length)}</span>
      <button type="button" class="button" onClick={() => step(1)} aria-label="Next span of the frame">›</button>
    </div>
  )
}
