import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { kindText } from '../../../reports/shared/context-words.ts'
import { plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { moved, zoomed, type Range } from '../canvas/range.ts'
import { useCanvas } from '../canvas/use-canvas.ts'
import { Choices } from '../parts/choices.tsx'
import { Icon } from '../parts/icon.tsx'
import { Tooltip } from '../parts/tooltip.tsx'
import { useRun } from '../run/run-context.ts'
import { breakAt, topOf, type ContextColumn, type ContextColumns, type Scale } from './columns.ts'
import { drawContext } from './draw.ts'
import { columnAt, plotWidth } from './geometry.ts'
import { kindOrder, partColor } from './kinds.ts'
import { byKind, inOrder, type Stretch } from './stacks.ts'
import { columnTexts } from './words.ts'

const HEIGHT = 380
const FEWEST_IN_VIEW = 8
/** A few calls do not fill the width: a column is no wall. */
const FEWEST_PLACES = 12
/** More than this are looked at more closely with the zoom. */
const MANY = 60

type Stacking = 'kind' | 'order'

/** The requests side by side, in tokens. */
export function ContextPicture({ all }: { readonly all: ContextColumns }): JSX.Element {
  const { run, query, setQuery } = useRun()
  const { columns } = all
  const scale: Scale = query.get('scale') === 'window' ? 'window' : 'largest'
  const stacking: Stacking = query.get('stack') === 'order' ? 'order' : 'kind'
  const { stretches, notch } = useStretches(columns, stacking)
  const hasOrder = useMemo(() => run.document.content.calls.some((call) => (call?.request.length ?? 0) > 0), [run])
  const look = useLooking(all)
  return (
    <section class="card" aria-labelledby="context-title">
      <div class="card-head">
        <h2 id="context-title">What the requests were made of</h2>
        <p class="faint small">{plural(columns.length, 'call')}{all.groups.length > 1 ? ` of ${plural(all.groups.length, 'agent')}` : ''}; input and, on top, the answer</p>
      </div>
      <div class="row context-controls">
        {all.largestWindow > 0 && <Choices label="Height" value={scale} options={[['largest', 'To the largest call'], ['window', 'Against the window']]} onChoose={(chosen) => setQuery({ scale: chosen === 'largest' ? undefined : chosen })} />}
        {hasOrder && <Choices label="Stacked" value={stacking} options={[['kind', 'By kind'], ['order', 'As sent']]} onChoose={(chosen) => setQuery({ stack: chosen === 'kind' ? undefined : chosen })} />}
        {columns.length > MANY && <Zoom look={look} />}
      </div>
      <Columns all={all} top={topOf(all, scale)} stretches={stretches} notch={notch} look={look} />
      <KindLegend columns={columns} />
    </section>
  )
}

interface Looking {
  readonly range: Range
  readonly zoom: (factor: number, at?: number) => void
  readonly move: (by: number) => void
  readonly reset: () => void
  readonly focused: number
  readonly focus: (index: number) => void
}

/** Which columns are in view, and which one the keyboard is at: the selected call, or the largest. All of a run that goes on stays all of it. */
function useLooking({ columns }: ContextColumns): Looking {
  const { run, selected } = useRun()
  const whole = { from: 0, to: Math.max(columns.length, FEWEST_PLACES) }
  const bounds = { ...whole, least: FEWEST_IN_VIEW }
  const [part, setPart] = useState<Range | undefined>()
  const range = part ?? whole
  const change = (next: (now: Range) => Range): void => setPart((now) => {
    const then = next(now ?? whole)
    return then.from <= whole.from && then.to >= whole.to ? undefined : then
  })
  const [spanId, setSpanId] = useState<string | undefined>()
  const focused = useMemo(() => {
    const at = columns.findIndex(({ call }) => call.spanId === spanId)
    return at !== -1 ? at : columns.reduce((most, { call }, i) => (call.usedTokens > columns[most]!.call.usedTokens ? i : most), 0)
  }, [columns, spanId])
  const focus = (index: number): void => {
    const to = Math.max(0, Math.min(columns.length - 1, index))
    setSpanId(columns[to]!.call.spanId)
    change((now) => (to < now.from ? moved(now, bounds, to - now.from) : to + 1 > now.to ? moved(now, bounds, to + 1 - now.to) : now))
  }
  const selectedId = selected === undefined ? undefined : run.spans.ids[selected]
  useEffect(() => {
    const place = selectedId === undefined ? -1 : columns.findIndex(({ call }) => call.spanId === selectedId)
    if (place !== -1) focus(place)
  }, [selectedId])
  return {
    range, focused, focus,
    zoom: (factor, around) => change((now) => zoomed(now, bounds, factor, around ?? (focused + 0.5 > now.from && focused + 0.5 < now.to ? focused + 0.5 : (now.from + now.to) / 2))),
    move: (by) => change((now) => moved(now, bounds, by)),
    reset: () => setPart(undefined),
  }
}

interface Stacks {
  readonly stretches: (index: number, least: number) => readonly Stretch[]
  readonly notch: (index: number) => number
}

/** What each column is made of, worked out when it is first drawn. */
function useStretches(columns: readonly ContextColumn[], stacking: Stacking): Stacks {
  const { run } = useRun()
  return useMemo(() => {
    const { parts } = run.document.content
    const placesOf = (index: number): readonly number[] => run.callContent(columns[index]!.place)?.request ?? []
    const known = new Map<number, readonly Stretch[]>()
    const notches = new Map<number, number>()
    let knownLeast = 0
    return {
      stretches: (index, least) => {
        if (least !== knownLeast && stacking === 'order') known.clear()
        knownLeast = least
        let stretches = known.get(index)
        if (stretches === undefined) {
          const { call } = columns[index]!
          stretches = stacking === 'kind' ? byKind(call) : inOrder(call, placesOf(index), parts, least)
          known.set(index, stretches)
        }
        return stretches
      },
      notch: (index) => {
        let at = notches.get(index)
        if (at === undefined) {
          at = breakAt(columns[index]!, stacking === 'order', placesOf(index), parts)
          notches.set(index, at)
        }
        return at
      },
    }
  }, [run, columns, stacking])
}

function Zoom({ look: { zoom, reset } }: { readonly look: Looking }): JSX.Element {
  return (
    <span class="row" style={{ gap: '2px' }}>
      <button type="button" class="button quiet" aria-label="Fewer calls" title="Fewer calls (+)" onClick={() => zoom(0.5)}><Icon name="zoomIn" /></button>
      <button type="button" class="button quiet" aria-label="More calls" title="More calls (-)" onClick={() => zoom(2)}><Icon name="zoomOut" /></button>
      <button type="button" class="button quiet" aria-label="All calls" title="All calls (0)" onClick={reset}><Icon name="reset" /></button>
    </span>
  )
}

type Pointer = Pick<MouseEvent, 'offsetX' | 'clientX' | 'clientY'>

interface ColumnsProps extends Stacks {
  readonly all: ContextColumns
  readonly top: number
  readonly look: Looking
}

function Columns({ all: { columns, groups }, top, stretches, notch, look }: ColumnsProps): JSX.Element {
  const { run, select, selected } = useRun()
  const { range, focused } = look
  const [pointer, setPointer] = useState<Pointer | undefined>()
  const [hasFocus, setFocus] = useState(false)
  const isOpen = selected !== undefined && columns[focused]?.place === selected
  const columnUnder = (x: number | undefined, wide: number): number | undefined => (x === undefined ? undefined : columnAt(x, range, wide, columns.length))
  // As it was last drawn: it is drawn anew when the pointer is over another column.
  const lastWidth = useRef(0)
  const { ref, width } = useCanvas(HEIGHT, (surface) => drawContext(surface, {
    columns, groups, range, top, stretches, breakAt: notch, hovered: columnUnder(pointer?.offsetX, surface.width), focused: hasFocus || isOpen ? focused : undefined,
    groupName: ({ agent }) => (agent === -1 ? '' : run.name(agent)),
  }), [columns, range.from, range.to, top, stretches, columnUnder(pointer?.offsetX, lastWidth.current), focused, hasFocus, isOpen])
  lastWidth.current = width
  const hovered = columnUnder(pointer?.offsetX, width)
  useWheel(ref, look, width)
  const step = (to: number): void => {
    look.focus(to)
    const column = columns[Math.max(0, Math.min(columns.length - 1, to))]!
    if (isOpen) select(column.place)
  }
  const onKey = (event: TargetedKeyboardEvent<HTMLCanvasElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const toBreak = event.shiftKey ? breakBeside(columns, focused, event.key) : undefined
    const to = toBreak ?? { ArrowRight: focused + 1, ArrowLeft: focused - 1, PageDown: focused + 10, PageUp: focused - 10, Home: 0, End: columns.length - 1 }[event.key]
    if (to !== undefined) step(to)
    else if (event.key === 'Enter' || event.key === ' ') select(columns[focused]!.place)
    else if (event.key === '+' || event.key === '=') look.zoom(0.5)
    else if (event.key === '-') look.zoom(2)
    else if (event.key === '0') look.reset()
    else return
    event.preventDefault()
  }
  return (
    <>
      <div class="context-canvas">
        <canvas
          ref={ref} role="application" aria-label={`Composition of ${plural(columns.length, 'call')}. Left and right go from call to call, with Shift from one broken prefix to the next; Enter opens a call.`} aria-describedby="context-said" tabIndex={0}
          onKeyDown={onKey} onFocus={() => setFocus(true)} onBlur={() => setFocus(false)}
          onPointerMove={({ offsetX, clientX, clientY }) => setPointer({ offsetX, clientX, clientY })} onPointerLeave={() => setPointer(undefined)}
          onClick={(event) => {
            const index = columnUnder(event.offsetX, width)
            if (index === undefined) return
            look.focus(index)
            select(columns[index]!.place)
          }}
        />
        {pointer !== undefined && hovered !== undefined && <Tooltip x={pointer.clientX} y={pointer.clientY}><ColumnWords column={columns[hovered]!} /></Tooltip>}
      </div>
      <div id="context-said" class="context-said small" aria-live="polite"><ColumnWords column={columns[focused]!} /></div>
    </>
  )
}

/** The next column, or the one before, whose prefix broke. */
function breakBeside(columns: readonly ContextColumn[], from: number, key: string): number | undefined {
  const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
  if (step === 0) return undefined
  for (let i = from + step; i >= 0 && i < columns.length; i += step) if (columns[i]!.broke !== undefined) return i
  return from
}

function ColumnWords({ column }: { readonly column: ContextColumn }): JSX.Element {
  const { title, lines, broke } = columnTexts(column)
  return (
    <>
      <p><strong>{title}</strong></p>
      {lines.map((line) => <p key={line}>{line}</p>)}
      {broke !== undefined && <p class="broke">{broke}</p>}
    </>
  )
}

/** With the control key the wheel zooms, sideways it moves; else it scrolls the page, as everywhere. */
function useWheel(ref: { readonly current: HTMLCanvasElement | null }, look: Looking, width: number): void {
  const now = useRef({ look, width })
  now.current = { look, width }
  useEffect(() => {
    const canvas = ref.current
    if (canvas === null) return undefined
    const onWheel = (event: WheelEvent): void => {
      const { look: { range, zoom, move }, width: wide } = now.current
      const perPixel = (range.to - range.from) / plotWidth(wide)
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX
      if (event.ctrlKey) zoom(Math.exp(event.deltaY * 0.004), range.from + Math.max(0, event.offsetX - 64) * perPixel)
      else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) move(sideways * perPixel)
      else return
      event.preventDefault()
    }
    canvas.addEventListener('wheel', onWheel, { passive: false })
    return () => canvas.removeEventListener('wheel', onWheel)
  }, [])
}

function KindLegend({ columns }: { readonly columns: readonly ContextColumn[] }): JSX.Element {
  const kinds = useMemo(() => [...new Set(columns.flatMap(({ call }) => byKind(call).map(({ kind }) => kind)))].sort((a, b) => kindOrder(a) - kindOrder(b)), [columns])
  return (
    <ul class="legend context-legend" aria-label="Kinds of parts">
      {kinds.filter((kind) => kind !== 'answer').map((kind) => <li key={kind}><span class="swatch" style={{ background: `var(${partColor(kind)})` }} aria-hidden="true" />{kindText(kind, cleanName)}</li>)}
      {kinds.includes('answer') && <li><span class="swatch" style={{ background: 'var(--part-answer)' }} aria-hidden="true" />answer</li>}
      {columns.some(({ call }) => (call.input?.cacheRead ?? 0) > 0) && <li><span class="swatch hatched" aria-hidden="true" />read from the cache, up to the line</li>}
      {columns.some(({ broke }) => broke !== undefined) && <li><span class="notch" aria-hidden="true" />the cached prefix broke; red edge: paid again</li>}
    </ul>
  )
}
