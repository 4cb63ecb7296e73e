import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Comparison } from '../../api.ts'
import type { Explanation, Metric, MetricChange, OperationChange, RunDiff } from '../../../src/model/many-runs.ts'
import {
  formatBounds, formatChange, formatChangeShare, formatMetric, formatP, methodText, metricNames, operationWord, shownExplanations, verdictText, verdictWord,
} from '../../../reports/shared/diff-words.ts'
import { plural } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { DiffFlame } from '../flame/diff-flame.tsx'
import { Swatch } from '../parts/category.tsx'
import { Choices } from '../parts/choices.tsx'
import { SortTable } from '../parts/sort-table.tsx'
import type { Compared } from './compare-query.ts'
import { barsOf, countText, operationMetrics, operationNames, sideText, toneOf, verdictTones } from './comparison-words.ts'
import { SpanChanges } from './span-changes.tsx'

/** The verdict first, the totals behind it, what explains them, and then the details. */
export function ComparisonView({ comparison: { diff, tree }, compared }: { readonly comparison: Comparison; readonly compared: Compared }): JSX.Element {
  return (
    <>
      <Verdict diff={diff} />
      <Totals diff={diff} />
      {shownExplanations(diff).map((one) => <Explained key={one.metric} one={one} diff={diff} />)}
      <DiffFlame tree={tree} />
      <Operations diff={diff} />
      {diff.spans !== undefined && diff.spans.length > 0 && <SpanChanges spans={diff.spans} baseKey={compared.base.keys[0]} newKey={compared.new.keys[0]} />}
      <p class="faint method">{upperFirst(methodText(diff))}.</p>
    </>
  )
}

const MAX_NOTES = 8

function Verdict({ diff }: { readonly diff: RunDiff }): JSX.Element {
  const [title, rest] = verdictText(diff)
  const tone = verdictTones[diff.verdict]
  return (
    <section class={`card verdict ${tone}`} aria-labelledby="verdict">
      <h2 id="verdict">{title}</h2>
      <p class="verdict-rest">{upperFirst(rest)}</p>
      <p class="muted">Base: {sideText(diff.base)} · New: {sideText(diff.new)}</p>
      {diff.notes.length > 0 && (
        <ul class="note verdict-notes" aria-label="Notes">
          {diff.notes.slice(0, MAX_NOTES).map((note) => <li key={note}>{upperFirst(clean(note))}</li>)}
          {diff.notes.length > MAX_NOTES && <li>and {plural(diff.notes.length - MAX_NOTES, 'note')} more</li>}
        </ul>
      )}
    </section>
  )
}

const upperFirst = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function Totals({ diff: { totals } }: { readonly diff: RunDiff }): JSX.Element | null {
  if (totals.length === 0) return null
  const isTested = totals.some(({ interval, adjustedP }) => interval !== undefined || adjustedP !== undefined)
  return (
    <section class="card">
      <h2 id="totals">Whole runs</h2>
      <div class="table-box" role="region" aria-labelledby="totals" tabIndex={0}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col"><span class="visually-hidden">Figure</span></th><th scope="col" class="right">Base p50</th><th scope="col" class="right">New p50</th>
              <th scope="col" class="right">Difference</th>
              {isTested && <><th scope="col" class="right">95 % interval</th><th scope="col" class="right">p, corrected</th></>}
              <th scope="col">Significance</th>
            </tr>
          </thead>
          <tbody>{totals.map((change) => <TotalRow key={change.metric} change={change} isTested={isTested} />)}</tbody>
        </table>
      </div>
    </section>
  )
}

function TotalRow({ change: { metric, base, new: next, difference, share, interval, adjustedP, verdict }, isTested }: { readonly change: MetricChange; readonly isTested: boolean }): JSX.Element {
  return (
    <tr>
      <th scope="row" class="total-name">{upperFirst(metricNames[metric])}</th>
      <td class="right">{formatMetric(metric, base.median)}</td>
      <td class="right">{formatMetric(metric, next.median)}</td>
      <td class={`right tone ${toneOf(verdict)}`}>{formatChange(metric, difference)}{share !== undefined && difference !== 0 && ` (${formatChangeShare(share)})`}</td>
      {isTested && <><td class="right">{formatBounds(metric, interval) || '–'}</td><td class="right">{formatP(adjustedP)}</td></>}
      <td><span class={`tone ${toneOf(verdict)}`}>{verdictWord(verdict, metric)}</span></td>
    </tr>
  )
}

/** Bars to the right for more, to the left for less. */
function Explained({ one, diff }: { readonly one: Explanation; readonly diff: RunDiff }): JSX.Element {
  const bars = barsOf(one, diff)
  const hasLess = bars.some(({ change }) => change < 0)
  const hasMore = bars.some(({ change }) => change > 0)
  const middle = hasLess && hasMore ? 0.5 : hasLess ? 1 : 0
  return (
    <section class="card" aria-labelledby={`explains-${one.metric}`}>
      <div class="card-head">
        <h2 id={`explains-${one.metric}`}>What explains {formatChange(one.metric, one.meanChange)} of {metricNames[one.metric]}</h2>
        <p class="faint card-note">Change of the mean by operation{one.metric === 'durationNs' ? ', on the critical path' : ''}: the rows add up to it.</p>
      </div>
      <ol class="parts">
        {bars.map(({ name, change, changeText, shareText, note, isProven, length }, i) => {
          const room = change < 0 ? middle : 1 - middle
          const width = length * room * 100
          return (
            <li key={i}>
              <span class="part-name">{name}{note !== '' && <span class="faint"> {note}</span>}</span>
              <span class="part-bar" aria-hidden="true">
                <span class={change < 0 ? 'less' : 'more'} style={{ width: `${width}%`, marginLeft: `${change < 0 ? middle * 100 - width : middle * 100}%` }} />
              </span>
              <span class="part-change number">{changeText}</span>
              <span class="part-share number faint">{shareText}</span>
              <span class="part-proof">{isProven && <span class="chip">proven</span>}</span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}

function Operations({ diff }: { readonly diff: RunDiff }): JSX.Element {
  const known = operationMetrics.filter(([metric]) => diff.operations.some(({ changes }) => changes.some((change) => change.metric === metric)))
  const [metric, setMetric] = useState<Metric>('wallNs')
  const current = known.some(([one]) => one === metric) ? metric : known[0]?.[0] ?? 'wallNs'
  const changeOf = ({ changes }: OperationChange): MetricChange | undefined => changes.find((change) => change.metric === current)
  const meanOf = ({ base, new: next }: MetricChange): number => next.mean - base.mean
  const rows = diff.operations.filter((operation) => changeOf(operation) !== undefined)
  const text = (get: (change: MetricChange) => string) => (operation: OperationChange): string => {
    const change = changeOf(operation)
    return change === undefined ? '–' : get(change)
  }
  const figure = (get: (change: MetricChange) => number | undefined) => (operation: OperationChange): number | undefined => {
    const change = changeOf(operation)
    return change === undefined ? undefined : get(change)
  }
  return (
    <section class="card" aria-labelledby="compared-operations">
      <div class="card-head">
        <h2 id="compared-operations">Operations</h2>
        {known.length > 1 && <Choices label="Figure" value={current} options={known} onChoose={setMetric} />}
      </div>
      <SortTable
        label="Operations" rows={rows} keyOf={({ path, category, renamedTo }) => JSON.stringify([category, path, renamedTo])}
        columns={[
          { title: 'Operation', cell: (operation) => <OperationName operation={operation} />, value: (operation) => operationNames(operation).join(' ') },
          { title: 'Count per run', cell: countText, value: ({ count }) => count.new - count.base, isRight: true },
          { title: 'Base p50', cell: text(({ base }) => formatMetric(current, base.median)), value: figure(({ base }) => base.median), isRight: true },
          { title: 'New p50', cell: text(({ new: next }) => formatMetric(current, next.median)), value: figure(({ new: next }) => next.median), isRight: true },
          { title: 'Change of the mean', cell: text((change) => formatChange(current, meanOf(change))), value: figure((change) => Math.abs(meanOf(change))), isRight: true },
          { title: 'p, adjusted', cell: text(({ adjustedP }) => formatP(adjustedP)), value: figure(({ adjustedP }) => adjustedP), isRight: true },
          { title: 'Significance', cell: (operation) => <Word operation={operation} change={changeOf(operation)} /> },
        ]}
      />
    </section>
  )
}

function OperationName({ operation }: { readonly operation: OperationChange }): JSX.Element {
  const names = operationNames(operation)
  return (
    <span class="operation-name">
      <Swatch category={operation.category} />
      <span>{names.length > 1 && <span class="faint">{names.slice(0, -1).join(' › ')} › </span>}{names.at(-1)}</span>
    </span>
  )
}

function Word({ operation, change }: { readonly operation: OperationChange; readonly change: MetricChange | undefined }): JSX.Element | null {
  if (change === undefined) return null
  if (operation.presence !== 'both') return <span class="chip">{operation.presence}</span>
  return <span class={`tone ${toneOf(change.verdict)}`}>{operationWord(operation, change)}</span>
}
