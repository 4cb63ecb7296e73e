import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { lossText, neverCachedTexts } from '../../../reports/shared/cache-words.ts'
import { formatAmount, formatCount, formatShare, formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import type { CacheBreak, CacheSummary } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { useRun } from '../run/run-context.ts'
import { CallButton } from './call-button.tsx'
import { sideText, todoText, whyText } from './words.ts'

const SHOWN = 8
const MOST = 200

/** What prompt caches gave, and where their prefix broke. */
export function CacheCard(): JSX.Element | null {
  const { run } = useRun()
  const { cache } = run.analysis
  if (cache === undefined) return null
  const never = neverCachedTexts(cache, cleanName)
  return (
    <section class="card" aria-labelledby="cache-title">
      <div class="card-head">
        <h2 id="cache-title">Prompt cache</h2>
        <p class="faint small">Rules of {cache.rules}</p>
      </div>
      <p>{cache.readShare > 0 ? `${formatShare(cache.readShare)} of the input of these conversations came from a cache.` : 'Nothing of the input of these conversations came from a cache.'}{' '}
        <Lost cache={cache} /></p>
      {never.length > 0 && <ul class="plain">{never.map((text) => <li key={text}>{text}</li>)}</ul>}
      {cache.breaks.length > 0 && <Breaks breaks={cache.breaks} />}
    </section>
  )
}

function Lost({ cache: { breaks, lost, bySide } }: { readonly cache: CacheSummary }): JSX.Element {
  if (breaks.length === 0) return <>No prefix broke.</>
  const { breaks: _, ...loss } = lost
  const sides = (['actionable', 'provider', 'unknown'] as const).filter((side) => bySide[side].breaks > 0)
  const why = { actionable: 'by a change of yours or a pause', provider: 'with nothing in the requests that explains it', unknown: 'for a reason that was not recorded' }
  return <>The prefix broke {plural(breaks.length, 'time')}: {lossText(loss)} paid again; {sides.map((side) => `${formatCount(bySide[side].breaks)} ${why[side]}`).join(', ')}.</>
}

function Breaks({ breaks }: { readonly breaks: readonly CacheBreak[] }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const ordered = useMemo(() => breaks.toSorted((a, b) => b.tokens - a.tokens).slice(0, MOST), [breaks])
  const shown = isWhole ? ordered : ordered.slice(0, SHOWN)
  const hasTime = ordered.some(({ timeNs }) => timeNs !== undefined)
  return (
    <>
      <div class="table-box breaks">
        <table class="table">
          <thead><tr><th scope="col">What broke it</th><th scope="col">Call</th><th class="right" scope="col">Read</th><th class="right" scope="col">Paid again</th><th class="right" scope="col">Cost</th>{hasTime && <th class="right" scope="col">Time</th>}<th scope="col">Whose</th><th scope="col">What to do</th></tr></thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.call}>
                <td>{whyText(one)}{one.cause !== 'unknown' && <span class="faint small"> {one.confidence}</span>}{one.stated !== undefined && <span class="faint small block">the provider says: {clean(one.stated.reason)}</span>}{one.stillHeldBy !== undefined && <span class="faint small block">call {formatCount(one.stillHeldBy)} still read it</span>}</td>
                <td class="nowrap"><CallButton number={one.call} /> <span class="faint small">after {formatCount(one.previousCall)}</span></td>
                <td class="right">{formatCount(one.readTokens)}</td>
                <td class="right">{formatCount(one.tokens)}</td>
                <td class="right">{one.costUsd === undefined ? '–' : formatUsd(one.costUsd)}</td>
                {hasTime && <td class="right">{one.timeNs === undefined ? '–' : formatAmount(one.timeNs, formatDuration)}</td>}
                <td>{sideText[one.side]}</td>
                <td class="todo">{todoText(one)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {breaks.length > SHOWN && (
        <p class="small more">
          <button type="button" class="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>{isWhole ? 'Show fewer' : breaks.length > MOST ? `Show the ${MOST} largest of ${formatCount(breaks.length)}` : `Show all ${formatCount(breaks.length)}`}</button>
        </p>
      )}
    </>
  )
}
