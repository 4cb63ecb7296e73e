import type { ComponentChildren, JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { duplicateText, growthOf, partText, peakText, uncalledText } from '../../../reports/shared/context-words.ts'
import { formatCount, formatShare, formatUsd, formatWholeShare, plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import type { ContextCall, ContextGrowth, ContextPart, DefinitionUse, ResultStay } from '../../../src/model/analysis.ts'
import { useRun } from '../run/run-context.ts'
import { SpanButton } from '../drawer/span-button.tsx'
import { TableBox } from '../parts/table-box.tsx'
import { CallButton } from './call-button.tsx'
import { partColor } from './kinds.ts'

/** What fills the fullest request, part by part. */
export function PeakCard(): JSX.Element | null {
  const { run } = useRun()
  const { context } = run.analysis
  const peak = context.peak ?? context.calls.reduce<ContextCall | undefined>((most, call) => (most === undefined || call.usedTokens > most.usedTokens ? call : most), undefined)
  if (peak?.parts === undefined || peak.parts.length === 0) return null
  const total = peak.parts.reduce((sum, { tokens }) => sum + tokens, 0)
  const largest = peak.parts.reduce((most, { tokens }) => Math.max(most, tokens), 1)
  return (
    <section class="card" aria-labelledby="peak-title">
      <div class="card-head"><h2 id="peak-title">What fills the {peak.share === undefined ? 'largest' : 'fullest'} call</h2><span class="small"><CallButton number={peak.number} /></span></div>
      {context.warning !== undefined && <p class="note">{clean(context.warning)}</p>}
      <p class="muted small">{peakText(peak, cleanName)}{context.weighedBy === 'characters' && '; shared out to parts by their length'}</p>
      <Folded items={peak.parts} most={12} render={(part, i) => (
        <li key={i} class="bar-line">
          <span class="bar-name">{partText(withoutId(part), cleanName)}</span>
          <span class="bar" aria-hidden="true"><span style={{ width: `${(part.tokens / largest) * 100}%`, background: `var(${partColor(part.media ?? part.kind)})` }} /></span>
          <span class="number">{formatCount(part.tokens)} <span class="faint">{formatWholeShare(part.tokens / total)}</span></span>
        </li>
      )} />
    </section>
  )
}

/** The id of a call says nothing to people. */
const withoutId = ({ callId: _, ...part }: ContextPart): ContextPart => part

/** How each conversation grew, and when its window is full. */
export function GrowthCard(): JSX.Element | null {
  const { run } = useRun()
  const growth = run.analysis.context.growth ?? []
  if (growth.length === 0) return null
  return (
    <section class="card" aria-labelledby="growth-title">
      <div class="card-head"><h2 id="growth-title">How conversations grew</h2></div>
      <Folded items={growth} most={6} render={(one, i) => (
        <li key={i} class="growth-line">
          <Sparkline growth={one} />
          <span>{one.tokensPerTurn < 1 ? `does not grow (calls ${formatCount(one.calls[0] ?? 0)} to ${formatCount(one.calls.at(-1) ?? 0)})` : growthOf(one)} <span class="faint small block">{fitText(one)}. <CallButton number={one.calls.at(-1) ?? 0} /></span></span>
        </li>
      )} />
    </section>
  )
}

const fitText = ({ fit, calls }: ContextGrowth): string => `A line through ${plural(calls.length, 'call')} explains ${formatWholeShare(fit)} of the scatter`

const [WIDTH, HEIGHT] = [120, 34]

function Sparkline({ growth: { calls } }: { readonly growth: ContextGrowth }): JSX.Element {
  const { run } = useRun()
  const path = useMemo(() => {
    const wanted = new Set(calls)
    const used = run.analysis.context.calls.filter(({ number }) => wanted.has(number)).map(({ usedTokens }) => usedTokens)
    const most = used.reduce((one, other) => Math.max(one, other), 1)
    return used.map((tokens, i) => `${i === 0 ? 'M' : 'L'}${((i / Math.max(1, used.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (tokens / most) * (HEIGHT - 4)).toFixed(1)}`).join('')
  }, [run, calls])
  return <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true"><path d={path} /></svg>
}

/** Tool results by what carrying them through later requests cost. */
export function StaysCard(): JSX.Element | null {
  const { run } = useRun()
  const results = (run.analysis.context.results ?? []).filter(({ turns }) => turns > 0)
  if (results.length === 0) return null
  return (
    <TableCard id="stays" title="Tool results, by what their stay cost" note="Every later request carries them again." items={results} head={['Tool', 'Calls', 'Size', 'Requests', 'Tokens in all', 'Cost', 'Seen again']} left={2}>
      {(stay, i) => <StayRow key={i} stay={stay} />}
    </TableCard>
  )
}

function StayRow({ stay: { name, spanId, firstCall, lastCall, tokens, turns, totalTokens, cachedTokens, costUsd, repeated } }: { readonly stay: ResultStay }): JSX.Element {
  const { run } = useRun()
  const place = spanId === undefined ? undefined : run.placeOf(spanId)
  const title = name === undefined ? 'a tool' : cleanName(name)
  return (
    <tr>
      <td>{place === undefined ? title : <SpanButton span={place}>{title}</SpanButton>}</td>
      <td class="nowrap">{firstCall === lastCall ? formatCount(firstCall) : `${formatCount(firstCall)} to ${formatCount(lastCall)}`}</td>
      <td class="right">{formatCount(tokens)}</td>
      <td class="right">{formatCount(turns)}</td>
      <td class="right">{formatCount(totalTokens)}{cachedTokens > 0 && totalTokens > 0 && <span class="faint"> {formatWholeShare(cachedTokens / totalTokens)} cached</span>}</td>
      <td class="right">{costUsd === undefined ? '–' : formatUsd(costUsd)}</td>
      <td class="right">{repeated === undefined ? '–' : repeated ? 'yes' : 'no value of it'}</td>
    </tr>
  )
}

/** Tools that requests define, and whether anybody called them. */
export function DefinitionsCard(): JSX.Element | null {
  const { run } = useRun()
  const definitions = run.analysis.context.definitions ?? []
  if (definitions.length === 0) return null
  return (
    <TableCard id="definitions" title="Tool definitions" note={uncalledText(definitions, cleanName) ?? 'Each defined tool was called.'} items={definitions} head={['Tool', 'Called', 'Requests', 'Tokens in all', 'Cost']} left={1}>
      {({ name, timesCalled, requests, totalTokens, costUsd }: DefinitionUse) => (
        <tr key={name}>
          <td>{cleanName(name)}</td>
          <td class={timesCalled === 0 ? 'right warn-text' : 'right'}>{timesCalled === 0 ? 'never' : formatCount(timesCalled)}</td>
          <td class="right">{formatCount(requests)}</td>
          <td class="right">{formatCount(totalTokens)}</td>
          <td class="right">{costUsd === undefined ? '–' : formatUsd(costUsd)}</td>
        </tr>
      )}
    </TableCard>
  )
}

/** The same content more than once in a request. */
export function DuplicatesCard(): JSX.Element | null {
  const { run } = useRun()
  const duplicates = run.analysis.context.duplicates ?? []
  if (duplicates.length === 0) return null
  const total = run.analysis.totals.usage.input.total
  const tokens = duplicates.reduce((sum, { totalTokens }) => sum + totalTokens, 0)
  return (
    <section class="card" aria-labelledby="duplicates-title">
      <div class="card-head"><h2 id="duplicates-title">The same content more than once</h2><p class="faint small">{total > 0 && `${formatShare(tokens / total)} of the run's input`}</p></div>
      <Folded items={duplicates} most={8} render={(one, i) => <li key={i}>{duplicateText(one, cleanName)} <span class="small"><CallButton number={one.firstCall} /></span></li>} />
    </section>
  )
}

interface TableCardProps<T> {
  readonly id: string
  readonly title: string
  readonly note: string
  readonly items: readonly T[]
  readonly head: readonly string[]
  /** Columns of texts; the others are numbers. */
  readonly left: number
  readonly children: (item: T, index: number) => JSX.Element
}

const ROWS = 8

function TableCard<T>({ id, title, note, items, head, left, children }: TableCardProps<T>): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <div class="card-head"><h2 id={`${id}-title`}>{title}</h2><p class="faint small">{note}</p></div>
      <TableBox label={title}>
        <table class="table">
          <thead><tr>{head.map((one, i) => <th key={one} scope="col" class={i >= left ? 'right' : undefined}>{one}</th>)}</tr></thead>
          <tbody>{(isWhole ? items : items.slice(0, ROWS)).map(children)}</tbody>
        </table>
      </TableBox>
      {items.length > ROWS && <More isWhole={isWhole} count={items.length} onToggle={() => setWhole(!isWhole)} />}
    </section>
  )
}

function Folded<T>({ items, most, render }: { readonly items: readonly T[]; readonly most: number; readonly render: (item: T, index: number) => ComponentChildren }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const isCut = items.length > most + 1
  return (
    <>
      <ul class="plain">{(isCut && !isWhole ? items.slice(0, most) : items).map(render)}</ul>
      {isCut && <More isWhole={isWhole} count={items.length} onToggle={() => setWhole(!isWhole)} />}
    </>
  )
}

function More({ isWhole, count, onToggle }: { readonly isWhole: boolean; readonly count: number; readonly onToggle: () => void }): JSX.Element {
  return <p class="small more"><button type="button" class="link" aria-expanded={isWhole} onClick={onToggle}>{isWhole ? 'Show fewer' : `Show all ${formatCount(count)}`}</button></p>
}
