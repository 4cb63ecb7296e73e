import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Legend } from '../parts/category.tsx'
import { useRun } from '../run/run-context.ts'
import { Crumbs } from './crumbs.tsx'
import { FlameCanvas, FlameKeys } from './flame-canvas.tsx'
import { Found } from './search-field.tsx'
import { FlameToolbar } from './flame-toolbar.tsx'
import { useFlameModel, useFlameState } from './flame-state.ts'
import { FrameDetails, FrameTooltip, frameWords } from './frame-details.tsx'
import { pathTo } from './hit.ts'
import { OperationTable } from './operation-table.tsx'
import { frameOfPlace, placeOf, placeText, type Place } from './place.ts'
import { foundWords, runMatches, runPicture, spanOf } from './run-picture.ts'
import { captionOf } from './weights.ts'

/** Where time, tokens and money went, by what called what. */
export function Flame(): JSX.Element {
  const { run } = useRun()
  return run.count === 0 ? <p class="empty">No spans were recorded in this run.</p> : <FlameOfRun />
}

function FlameOfRun(): JSX.Element {
  const { run, marked, finding, selected, select, setQuery } = useRun()
  const model = useFlameModel()
  const state = useFlameState(model)
  const { weight, order, figure, flipped } = state
  const search = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<Place>()

  const frames = model.frames(weight, order)
  const layout = model.layout(weight, order, figure)
  const shownFrame = (place: Place | undefined): number | undefined => {
    const frame = place === undefined ? -1 : frameOfPlace(frames, place)
    return frame === -1 || layout.row[frame] === -1 ? undefined : frame
  }
  const zoom = shownFrame(state.zoom)
  // What is opened from elsewhere, such as the details of another span, is gone to.
  useEffect(() => {
    if (selected !== undefined) setAt((before) => (before?.span === selected ? before : { span: selected, again: 0 }))
  }, [selected])
  const focused = shownFrame(at)
  const told = focused ?? zoom ?? layout.byRow[0]
  const matches = useMemo(() => runMatches(model, state), [model, weight, order, state.search, state.operation])
  const picture = useMemo(() => runPicture(model, state, layout, matches, marked), [model, layout, matches, marked, figure])
  const zoomTo = (frame: number | undefined): void => setQuery({ zoom: frame === undefined ? undefined : placeText(placeOf(frames, frame)) })
  const categories = run.analysis.categories.map(({ category }) => category)
  return (
    <div class="stack">
      <section class="card" aria-label="Flame graph">
        <FlameToolbar model={model} state={state} search={search} onLeave={() => box.current?.querySelector('canvas')?.focus()} />
        <div class="flame-where">
          <Crumbs path={zoom === undefined ? layout.byRow.slice(0, 1) : pathTo(layout, zoom)} name={(frame) => run.name(spanOf(frames, frame))} onChoose={zoomTo} />
          <Found words={matches && foundWords(model, state, matches)} onClear={() => setQuery({ search: undefined, op: undefined })} />
        </div>
        <div ref={box}>
          <FlameCanvas
            label={`Flame graph of ${run.name(0)}`} picture={picture} zoom={zoom} onZoom={zoomTo} focused={focused} onFocus={(frame) => setAt(placeOf(frames, frame))}
            onOpen={(frame) => select(spanOf(frames, frame))} onSearch={() => search.current?.focus()} flipped={flipped}
            describe={(frame) => frameWords(model, state, frame)} tooltip={(frame) => <FrameTooltip model={model} state={state} frame={frame} />}
          />
        </div>
        {told !== undefined && <FrameDetails model={model} state={state} frame={told} />}
        <div class="flame-notes">
          <p>{captionOf(weight, order, model.weighed(weight), { whole: model.whole(weight), durationNs: run.durationNs })}</p>
          {finding !== undefined && marked.size > 0 && <p><span class="flame-marked" aria-hidden="true" />Outlined: what the finding {run.analysis.findings[finding]!.code} is about.</p>}
          <Legend categories={categories} />
          <FlameKeys opens />
        </div>
      </section>
      <OperationTable model={model} state={state} onChoose={(operation) => setQuery({ op: operation === undefined ? undefined : model.operations.span[operation]! })} />
    </div>
  )
}
