import type { JSX } from 'preact'
import { phaseNames, modelOf } from '../../../reports/shared/phases.ts'
import { formatCount, formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import type { CallPhases, CallSummary } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { CategoryName } from '../parts/category.tsx'
import { Tooltip } from '../parts/tooltip.tsx'
import type { RunModel } from '../run/run-model.ts'
import { tieTexts, type Tie } from './dependencies.ts'
import type { Timeline } from './use-timeline.ts'
import { outcomeText, pathFact, timesText } from './words.ts'

/** More would cover the picture. */
const MAX_TIES = 5

interface SpanTooltipProps {
  readonly run: RunModel
  readonly timeline: Timeline
  readonly span: number
  readonly ties: readonly Tie[]
  readonly x: number
  readonly y: number
}

export function SpanTooltip({ run, timeline, span, ties, x, y }: SpanTooltipProps): JSX.Element {
  const { times, tree, collapsed } = timeline
  const isOwn = times.start === run.spans.start
  const call = run.call(span)
  const outcome = outcomeText(run, span)
  const texts = tieTexts(run, ties)
  const [duration, from] = timesText(run, span, times)
  return (
    <Tooltip x={x} y={y}>
      <p><strong>{run.name(span)}</strong></p>
      <p class="muted"><CategoryName category={run.category(span)} /></p>
      <dl>
        <dt>Duration</dt><dd>{duration}{isOwn && tree.children[span]!.length > 0 && `, self ${formatDuration(run.spans.self[span]!)}`}</dd>
        <dt>Starts at</dt><dd>{from}</dd>
        {isOwn && <><dt>{pathFact(run, span)[0]}</dt><dd>{pathFact(run, span)[1]}</dd></>}
        {outcome !== 'ok' && <><dt>Outcome</dt><dd>{outcome}</dd></>}
        {tree.below[span]! > 0 && <><dt>Inside</dt><dd>{plural(tree.below[span]!, 'span')}{collapsed[span] === 1 && ', collapsed'}</dd></>}
        {call !== undefined && <Call call={call} />}
      </dl>
      {texts.length > 0 && (
        <ul class="ties">
          {texts.slice(0, MAX_TIES).map((text) => <li key={text}>{text}</li>)}
          {texts.length > MAX_TIES && <li>and {formatCount(texts.length - MAX_TIES)} more</li>}
        </ul>
      )}
    </Tooltip>
  )
}

function Call({ call }: { readonly call: CallSummary }): JSX.Element {
  const { usage, phases, costUsd, number } = call
  const model = modelOf(call)
  const told = Object.entries(phases ?? {}).filter(([name, ns]) => ns >= call.durationNs * 0.02 && name !== 'restNs') as [keyof CallPhases, number][]
  return (
    <>
      <dt>Call</dt><dd>{formatCount(number)}{model !== '' && `, ${cleanName(model)}`}</dd>
      {usage !== undefined && <><dt>Tokens</dt><dd>{countOf(usage.input?.total)} in, {countOf(usage.output?.total)} out</dd></>}
      {costUsd !== undefined && <><dt>Cost</dt><dd>{formatUsd(costUsd)}</dd></>}
      {told.map(([name, ns]) => <PhaseRow key={name} name={phaseNames[name]} ns={ns} />)}
    </>
  )
}

const countOf = (tokens: number | undefined): string => (tokens === undefined ? 'unknown' : formatCount(tokens))

function PhaseRow({ name, ns }: { readonly name: string; readonly ns: number }): JSX.Element {
  return <><dt class="phase">{name}</dt><dd>{formatDuration(ns)}</dd></>
}
