import type { JSX, RefObject, TargetedKeyboardEvent } from 'preact'
import { formatCount, formatSaving } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { CategoryName } from '../parts/category.tsx'
import { Icon } from '../parts/icon.tsx'
import { useRun } from '../run/run-context.ts'
import type { RunModel } from '../run/run-model.ts'

interface FindFieldProps {
  readonly field: RefObject<HTMLInputElement | null>
  readonly text: string
  /** Undefined: nothing is searched for. */
  readonly count: number | undefined
  readonly at: number
  readonly onText: (text: string) => void
  readonly onStep: (by: 1 | -1) => void
}

export function FindField({ field, text, count, at, onText, onStep }: FindFieldProps): JSX.Element {
  const onKey = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1)
    else if (event.key === 'Escape') onText('')
    else return
    event.preventDefault()
  }
  const found = count === undefined ? '' : count === 0 ? 'none' : at === -1 ? `${formatCount(count)} found` : `${formatCount(at + 1)} of ${formatCount(count)}`
  return (
    <search class="timeline-find">
      <input
        class="field" type="search" ref={field} value={text} aria-label="Find spans by name, category, model or error" placeholder="Find spans" autocomplete="off" spellcheck={false}
        onInput={(event) => onText(event.currentTarget.value)} onKeyDown={onKey}
      />
      {count !== undefined && count > 0 && (
        <>
          <button type="button" class="button quiet" aria-label="Match before" onClick={() => onStep(-1)}><Icon name="up" /></button>
          <button type="button" class="button quiet" aria-label="Next match" onClick={() => onStep(1)}><Icon name="down" /></button>
        </>
      )}
      <span class="count" role="status">{found}</span>
    </search>
  )
}

interface ZoomButtonsProps {
  readonly onIn: () => void
  readonly onOut: () => void
  readonly onWhole: () => void
}

export function ZoomButtons({ onIn, onOut, onWhole }: ZoomButtonsProps): JSX.Element {
  return (
    <div class="timeline-zoom" role="group" aria-label="Zoom">
      <button type="button" class="button quiet" aria-label="Zoom in" onClick={onIn}><Icon name="zoomIn" /></button>
      <button type="button" class="button quiet" aria-label="Zoom out" onClick={onOut}><Icon name="zoomOut" /></button>
      <button type="button" class="button quiet" onClick={onWhole}><Icon name="reset" />Whole run</button>
    </div>
  )
}

interface FiltersProps {
  readonly run: RunModel
  readonly hidden: ReadonlySet<number>
  readonly onChange: (hidden: ReadonlySet<number>) => void
}

/** The legend, of which each entry shows or hides its category. */
export function Filters({ run, hidden, onChange }: FiltersProps): JSX.Element {
  const toggle = (place: number): void => {
    const next = new Set(hidden)
    if (!next.delete(place)) next.add(place)
    onChange(next)
  }
  return (
    <ul class="timeline-filters" aria-label="Categories, shown or hidden">
      {run.spans.categories.map((category, place) => (
        <li key={category}><button type="button" aria-pressed={!hidden.has(place)} onClick={() => toggle(place)}><CategoryName category={category} /></button></li>
      ))}
    </ul>
  )
}

/** The finding whose spans are outlined. */
export function FindingBanner({ number, onClose }: { readonly number: number; readonly onClose: () => void }): JSX.Element | null {
  const { run, href } = useRun()
  const finding = run.analysis.findings[number]
  if (finding === undefined) return null
  return (
    <section class="timeline-finding" aria-label="Finding">
      <span class="chip code">{finding.code}</span>
      <strong>{clean(finding.title)}</strong>
      <span class="muted number">saves {formatSaving(finding.saving).join(', ')}</span>
      <span class="spacer" />
      <a href={href(['guide', finding.code])}>How this is known</a>
      <button type="button" class="button quiet" aria-label="Show the run without this finding’s marks" onClick={onClose}><Icon name="close" /></button>
    </section>
  )
}

/** What the lines mean, and what the keys do. */
export function Keys(): JSX.Element {
  return (
    <div class="timeline-keys">
      <span><span class="sign" aria-hidden="true" />critical path</span>
      <span><span class="sign slack" aria-hidden="true" />slack: how much longer it could have taken without delaying the run</span>
      <details>
        <summary>Signs, keys and pointer</summary>
        <p>
          Inside a call of a model: dotted while it waits, edged in red for an attempt that failed, light until the first token, full while tokens come, grey while your
          program reads. Hatched: work that went on after its parent had ended. A bracket: work that ran at the same time.
        </p>
        <p>
          <kbd>Ctrl</kbd> + wheel zooms, <kbd>Shift</kbd> + wheel or dragging moves, dragging along the axis chooses a stretch, double-click fits a span.
          {' '}<kbd>←</kbd> <kbd>→</kbd> siblings, <kbd>↑</kbd> parent, <kbd>↓</kbd> first child, <kbd>Enter</kbd> opens, <kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> zoom, <kbd>f</kbd> fits,
          {' '}<kbd>c</kbd> collapses, <kbd>/</kbd> finds.
        </p>
      </details>
    </div>
  )
}
