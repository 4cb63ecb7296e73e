import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { formatCount, formatSaving, formatShare } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import type { AttributeValue } from '../../../src/model/span.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { Swatch } from '../parts/category.tsx'
import { useRun } from '../run/run-context.ts'
import { childGroups, namedBy, relationsOf, slackText, type Relation } from './relations.ts'
import { Facts, Section, Some } from './section.tsx'
import { SpanButton } from './span-button.tsx'

interface OfSpan {
  readonly span: number
}

export function SpanFacts({ span }: OfSpan): JSX.Element {
  const { run } = useRun()
  const { spans, startNs, durationNs } = run
  const { failure } = run.extra(span)
  const wall = spans.wall[span]!
  return (
    <>
      {failure !== undefined && <p class="drawer-failure"><strong>{cleanName(failure.type)}</strong>{failure.message !== '' && `: ${clean(failure.message)}`}</p>}
      <Facts rows={[
        ['Start', `${formatDuration(Math.max(0, spans.start[span]! - startNs))} after the run began`],
        ['Duration', run.state(span) === 'open' ? `${formatDuration(run.durationOf(span))} when the recording ended` : formatDuration(run.durationOf(span))],
        run.children(span).length > 0 && ['Self time', formatDuration(spans.self[span]!)],
        ['Critical path', wall === 0 ? 'not on it' : `${formatDuration(wall)}${durationNs > 0 ? `, ${formatShare(wall / durationNs)} of the run` : ''}`],
        span !== 0 && ['Slack', slackText(run, span)],
      ]} />
    </>
  )
}

/** What the analysis says of it. */
export function Named({ span }: OfSpan): JSX.Element | null {
  const { run, href } = useRun()
  const { findings, observations } = useMemo(() => namedBy(run, span), [run, span])
  if (findings.length + observations.length === 0) return null
  return (
    <Section title="Findings">
      <Some items={findings} render={({ number, finding: { code, title, saving } }) => (
        <li key={number}>
          <a href={href(['guide', code])}><span class="chip code">{code}</span></a> {clean(title)}
          <span class="small muted">{formatSaving(saving).length > 0 && ` Saves ${formatSaving(saving).join(', ')}. `}<a href={href('timeline', { finding: number })}>Show</a></span>
        </li>
      )} />
      {observations.length > 0 && <Some items={observations} render={({ code, title }, i) => <li key={i}><a href={href(['guide', code])}><span class="chip code">{code}</span></a> {clean(title)}</li>} />}
    </Section>
  )
}

export function Related({ span }: OfSpan): JSX.Element | null {
  const { run } = useRun()
  const { before, after } = useMemo(() => relationsOf(run, span), [run, span])
  const of = (relations: readonly Relation[], verdict: Relation['verdict']): Relation[] => relations.filter((one) => one.verdict === verdict)
  const leftOut = run.analysis.dependencies?.leftOut ?? 0
  if (before.length + after.length === 0) return null
  return (
    <Section title="Dependencies" note={leftOut > 0 ? `${formatCount(leftOut)} more in the run are not listed` : undefined}>
      <Relations title="Needed" relations={of(before, 'dependent')} />
      <Relations title="Needed by" relations={of(after, 'dependent')} />
      <Relations title="Did not need" relations={of(before, 'independent')} />
      <Relations title="Not needed by" relations={of(after, 'independent')} />
    </Section>
  )
}

function Relations({ title, relations }: { readonly title: string; readonly relations: readonly Relation[] }): JSX.Element | null {
  const { run } = useRun()
  if (relations.length === 0) return null
  return (
    <div class="relations">
      <h4>{title}</h4>
      <Some items={relations} most={4} render={({ other, evidence }) => (
        <li key={other}>
          <Swatch category={run.category(other)} /> <SpanButton span={other} />
          <span class="small muted evidence">{evidence.join('; ')}</span>
        </li>
      )} />
    </div>
  )
}

/** What ran directly in it, by operation. */
export function Children({ span }: OfSpan): JSX.Element | null {
  const { run } = useRun()
  const groups = useMemo(() => childGroups(run, span), [run, span])
  const count = run.children(span).length
  if (count === 0) return null
  return (
    <Section title="Children" note={count > 1 ? formatCount(count) : undefined}>
      <Some items={groups} render={({ name, category, count: times, failed, timeNs, longest }) => (
        <li key={`${category} ${name}`} class="drawer-line">
          <span><Swatch category={category} /> <SpanButton span={longest} />{times > 1 && <span class="muted small"> ×{formatCount(times)}, this the longest</span>}{failed > 0 && <span class="bad-text small"> {formatCount(failed)} failed</span>}</span>
          <span class="number">{formatDuration(timeNs)}</span>
        </li>
      )} />
    </Section>
  )
}

export function Attributes({ span }: OfSpan): JSX.Element | null {
  const { run } = useRun()
  const all = Object.entries(run.extra(span).attributes ?? {})
  if (all.length === 0) return null
  return (
    <Section title="Attributes">
      <dl class="drawer-attributes">
        {all.map(([name, value]) => <div key={name}><dt>{cleanName(name)}</dt><dd>{valueText(value)}</dd></div>)}
      </dl>
    </Section>
  )
}

const valueText = (value: AttributeValue): string => clean(Array.isArray(value) ? value.join(', ') : String(value)) || '(empty)'

export function ResourcesOf({ span }: OfSpan): JSX.Element | null {
  const { run } = useRun()
  const { resources } = run.extra(span)
  if (resources === undefined) return null
  const { cpuUserNs, cpuSystemNs, rssStartBytes, rssEndBytes, heapStartBytes, heapEndBytes, eventLoopDelayMaxNs, eventLoopDelayMeanNs } = resources
  return (
    <Section title="Process meanwhile" note="of all that ran then">
      <Facts rows={[
        ['CPU', `${formatDuration(cpuUserNs)} user, ${formatDuration(cpuSystemNs)} system`],
        ['Memory', `${bytesText(rssStartBytes)} → ${bytesText(rssEndBytes)}`],
        ['Heap', `${bytesText(heapStartBytes)} → ${bytesText(heapEndBytes)}`],
        eventLoopDelayMaxNs !== undefined && ['Event loop', `up to ${formatDuration(eventLoopDelayMaxNs)} late${eventLoopDelayMeanNs === undefined ? '' : `, ${formatDuration(eventLoopDelayMeanNs)} on average`}`],
      ]} />
    </Section>
  )
}

const bytesText = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
