import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { RunSummary } from '../../api.ts'
import { formatCount, plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import { formatDuration, msToNs } from '../../../src/model/units.ts'
import { hrefOf } from '../app/route.ts'
import { categoryColor } from '../parts/category.tsx'
import { formatMoment, formatShortMoment } from '../parts/when.ts'
import { categoriesText, compact, costText, formatAgo, savingText, tokenTexts } from './run-words.ts'

interface RunRowProps {
  readonly run: RunSummary
  readonly i: number
  readonly top: number
  readonly isChosen: boolean
  readonly onTick: (run: RunSummary, i: number, isOn: boolean, isRange: boolean) => void
  readonly now: number
}

/** One run of the list; its name opens it, and so does the whole row. */
export function RunRow({ run, i, top, isChosen, onTick, now }: RunRowProps): JSX.Element {
  const { key, name, service, tags, startedAtEpochMs, llmCalls, toolCalls, models } = run
  const tokens = tokenTexts(run)
  const tagTexts = Object.entries(tags ?? {}).map(([tag, value]) => `${cleanName(tag)}: ${cleanName(value)}`)
  const ago = formatAgo(startedAtEpochMs, now)
  return (
    <div role="row" class="run-row" aria-rowindex={i + 2} data-row={i} data-chosen={isChosen ? '' : undefined} style={{ top: `${top}px` }}>
      <span role="cell" class="cell-tick">
        <label><input type="checkbox" checked={isChosen} aria-label={`Choose ${cleanName(name)}`} onClick={(event) => onTick(run, i, event.currentTarget.checked, event.shiftKey)} /></label>
      </span>
      <span role="cell" class="cell-name">
        <span class="line"><a class="run-link" href={hrefOf(['runs', key])} title={cleanName(name)}>{cleanName(name)}</a><State run={run} /></span>
        <span class="line faint" title={tagTexts.join(', ')}>{[...(service === undefined ? [] : [cleanName(service)]), ...tagTexts].join(' · ') || plural(run.spans, 'span')}</span>
      </span>
      <span role="cell" class="cell-started">
        <time dateTime={isoOf(startedAtEpochMs)} title={formatMoment(startedAtEpochMs)}>
          <span class="line">{ago ?? formatShortMoment(startedAtEpochMs)}</span>
          {ago !== undefined && <span class="line faint exact">{formatShortMoment(startedAtEpochMs)}</span>}
        </time>
      </span>
      <span role="cell" class="cell-duration"><span class="line">{run.live === true ? <LiveDuration run={run} /> : formatDuration(run.durationNs)}</span><CategoryBar run={run} /></span>
      <span role="cell" class="cell-cost right"><span class="line">{costText(run)}</span></span>
      <span role="cell" class="cell-tokens right"><span class="line">{tokens.input}<span class="visually-hidden"> in</span><span class="faint" aria-hidden="true"> / </span>{tokens.output}<span class="visually-hidden"> out</span></span><span class="line faint">{tokens.cached}</span></span>
      <span role="cell" class="cell-calls right"><span class="line">{llmCalls > 0 ? `${compact(llmCalls)} LLM` : '–'}</span><span class="line faint">{toolCalls > 0 ? plural(toolCalls, 'tool') : ''}</span></span>
      <span role="cell" class="cell-models" title={models.map(cleanName).join(', ')}><span class="line">{models.length === 0 ? '–' : cleanName(models[0]!)}</span><span class="line faint">{models.length > 1 ? `+${models.length - 1} more` : ''}</span></span>
      <span role="cell" class="cell-findings"><Best run={run} /></span>
    </div>
  )
}

const isoOf = (epochMs: number): string | undefined => (Math.abs(epochMs) < 8.64e15 ? new Date(epochMs).toISOString() : undefined)

function State({ run: { outcome, live, failure, problem } }: { readonly run: RunSummary }): JSX.Element | null {
  if (live === true) return <span class="chip live"><span class="live-dot" aria-hidden="true" />running</span>
  const told = problem !== undefined ? <span class="chip warn" title={clean(problem)}>damaged</span> : null
  switch (outcome) {
    case 'ok':
      return told
    case 'failed':
      return told !== null && failure === problem ? told : <span class="chip bad" title={failure === undefined ? undefined : clean(failure)}>failed</span>
    case 'cancelled':
      return <span class="chip warn">cancelled</span>
    case 'open':
      return <span class="chip warn">not ended</span>
  }
}

/** Grows while one looks at it. */
function LiveDuration({ run: { durationNs, startedAtEpochMs } }: { readonly run: Pick<RunSummary, 'durationNs' | 'startedAtEpochMs'> }): JSX.Element {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  // Whole seconds: it is not over, and digits that dance say nothing.
  const ns = Math.max(durationNs, msToNs(now - startedAtEpochMs))
  return <>{ns < 1e9 ? formatDuration(ns) : formatWholeSeconds(ns)}</>
}

function formatWholeSeconds(ns: number): string {
  const seconds = Math.floor(ns / 1e9)
  return seconds < 100 ? `${seconds} s` : formatDuration(seconds * 1e9)
}

function CategoryBar({ run: { categories } }: { readonly run: RunSummary }): JSX.Element | null {
  const sum = categories.reduce((total, { wallNs }) => total + wallNs, 0)
  if (sum <= 0) return null
  const text = categoriesText(categories)
  return (
    <span class="mini-shares" role="img" aria-label={text} title={text}>
      {categories.filter(({ wallNs }) => wallNs > 0).map(({ category, wallNs }) => (
        <span key={category} style={{ flex: `${wallNs / sum} 1 0`, background: `var(${categoryColor(category)})` }} />
      ))}
    </span>
  )
}

function Best({ run: { findings, findingCount } }: { readonly run: RunSummary }): JSX.Element {
  const [best] = findings
  if (best === undefined) return <span class="line"><span class="faint">–</span></span>
  const more = findingCount - 1
  return (
    <>
      <span class="line" title={clean(best.title)}>saves {savingText(best)}</span>
      <span class="line faint"><code>{clean(best.code)}</code>{more > 0 && <> +{formatCount(more)}<span class="wide-only"> more</span></>}</span>
    </>
  )
}
