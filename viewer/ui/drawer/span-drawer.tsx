import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { useKeydown } from '../app/use-keydown.ts'
import { isTyping } from '../run/typing.ts'
import { CategoryName } from '../parts/category.tsx'
import { Icon } from '../parts/icon.tsx'
import { useRun } from '../run/run-context.ts'
import { CallDetail } from './call-detail.tsx'
import { siblingsOf } from './relations.ts'
import { Attributes, Children, Named, Related, ResourcesOf, SpanFacts } from './span-sections.tsx'
import { SpanButton } from './span-button.tsx'
import { ToolDetail } from './tool-detail.tsx'

/** What is known of the selected span, beside every view. Looking on goes on behind it: it takes no focus that nobody gave it. */
export function SpanDrawer({ span }: { readonly span: number }): JSX.Element {
  const { run, select } = useRun()
  const box = useRef<HTMLElement>(null)
  useFocus(box, span, () => select(undefined))
  const number = run.spans.call[span]!
  return (
    <aside class="drawer" aria-labelledby="drawer-title" ref={box}>
      <div class="drawer-head">
        <CategoryName category={run.category(span)} />
        {number > 0 && <span class="chip">call {formatCount(number)}</span>}
        <Ending span={span} />
        <span class="spacer" />
        <Steps span={span} />
        <button type="button" class="button quiet" aria-label="Close" title="Close (Escape)" onClick={() => select(undefined)}><Icon name="close" /></button>
      </div>
      <Path span={span} />
      <h2 id="drawer-title" tabIndex={-1}>{run.name(span)}</h2>
      <Views span={span} />
      <Details key={run.spans.ids[span]} span={span} />
    </aside>
  )
}

/** Of each span its own: what was opened in one is not open in the next. */
function Details({ span }: { readonly span: number }): JSX.Element {
  return (
    <>
      <SpanFacts span={span} />
      <CallDetail span={span} />
      <ToolDetail span={span} />
      <Named span={span} />
      <Related span={span} />
      <Children span={span} />
      <Attributes span={span} />
      <ResourcesOf span={span} />
    </>
  )
}

function Ending({ span }: { readonly span: number }): JSX.Element | null {
  const { run } = useRun()
  const state = run.state(span)
  return (
    <>
      {state !== 'ok' && <span class={state === 'failed' ? 'chip bad' : 'chip warn'}>{state === 'open' ? 'not ended' : state}</span>}
      {run.spans.late[span] === 1 && <span class="chip warn">late</span>}
    </>
  )
}

/** From the root down to its parent. */
function Path({ span }: { readonly span: number }): JSX.Element | null {
  const { run } = useRun()
  const above = run.ancestors(span).slice(1).reverse()
  if (above.length === 0) return null
  // A deep path says most by its two ends.
  const shown = above.length > 6 ? [...above.slice(0, 2), -1, ...above.slice(-3)] : above
  return (
    <nav class="drawer-path" aria-label="Parents">
      {shown.map((place, i) => <span key={place}>{i > 0 && <span class="faint" aria-hidden="true"> › </span>}{place === -1 ? '…' : <SpanButton span={place} />}</span>)}
    </nav>
  )
}

function Steps({ span }: { readonly span: number }): JSX.Element {
  const { run, select } = useRun()
  const { previous, next } = siblingsOf(run, span)
  const step = (to: number | undefined, what: string, sign: string): JSX.Element => (
    <button
      type="button" class="button quiet step" disabled={to === undefined} title={to === undefined ? `No ${what} under the same parent` : `${what}: ${run.name(to)}`}
      aria-label={to === undefined ? what : `${what}: ${run.name(to)}`} onClick={() => select(to)}
    >{sign}</button>
  )
  return <>{step(previous, 'Span before', '‹')}{step(next, 'Span after', '›')}</>
}

function Views({ span }: { readonly span: number }): JSX.Element {
  const { href, run } = useRun()
  return (
    <p class="row drawer-views">
      <a href={href('timeline', { span })}>Timeline</a>
      <a href={href('flame', { span })}>Flame graph</a>
      {run.spans.call[span]! > 0 && <a href={href('context', { span })}>Context</a>}
    </p>
  )
}

/** Enter on something that opens it leads into the drawer, and Escape back to where one was. Whoever steps to a neighbour can go on. */
function useFocus(box: { readonly current: HTMLElement | null }, span: number, close: () => void): void {
  // The nearest that stays when what opened it goes, such as the table of a row that is scrolled away.
  const opener = useRef<{ readonly element: Element; readonly around: Element | null } | null>(null)
  useLayoutEffect(() => {
    const active = document.activeElement
    const isInside = box.current?.contains(active) === true
    if (!isInside && active !== null && active !== document.body) opener.current = { element: active, around: active.parentElement?.closest('[tabindex]') ?? null }
    const lostFocus = active === document.body && opener.current !== null && lastInput.wasInside
    const stepsOn = isInside && active?.matches('.step:enabled') === true
    if ((lastInput.opens && !stepsOn && performance.now() - lastInput.at < RECENT_MS) || lostFocus) box.current?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
    if (box.current === null) return
    box.current.scrollTop = 0
    // Over a narrow page it lies as a sheet: what was pressed stays above it.
    const { top } = box.current.getBoundingClientRect()
    if (!isInside && getComputedStyle(box.current).position === 'fixed' && performance.now() - lastInput.at < RECENT_MS && lastInput.y > top - 40) scrollBy(0, lastInput.y - top + 60)
  }, [span])
  useKeydown((event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || isTyping(event.target)) return
    event.preventDefault()
    close()
  }, undefined)
  useLayoutEffect(() => {
    const element = box.current
    return () => {
      // What had it in here may have gone before.
      if (element?.contains(document.activeElement) !== true && document.activeElement !== document.body) return
      const back = [opener.current?.element, opener.current?.around].find((one) => one instanceof HTMLElement && one.isConnected)
      if (back instanceof HTMLElement) back.focus({ preventScroll: true })
    }
  }, [])
}

/** A large run on a slow machine takes its time between a key and what it opens. */
const RECENT_MS = 2_000

/** How what is selected came to be: by a key that opens, or by the pointer. */
const lastInput = { at: 0, opens: false, wasInside: false, y: 0 }
addEventListener('keydown', ({ key, target }) => {
  lastInput.at = performance.now()
  lastInput.opens = key === 'Enter' || key === ' '
  lastInput.wasInside = target instanceof Element && target.closest('.drawer') !== null
  lastInput.y = 0
}, true)
addEventListener('pointerdown', ({ clientY }) => {
  lastInput.at = performance.now()
  lastInput.opens = false
  lastInput.wasInside = false
  lastInput.y = clientY
}, true)
