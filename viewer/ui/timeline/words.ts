import { plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { RunModel } from '../run/run-model.ts'
import type { Times, Tree } from './tree.ts'

/** Of a moment: negative before the run began, as in imported runs. */
const formatMomentNs = (ns: number): string => (ns < 0 ? `-${formatDuration(-ns)}` : formatDuration(ns))

export function outcomeText(run: RunModel, i: number): string {
  const state = run.state(i)
  const { failure } = run.extra(i)
  const late = run.spans.late[i] ? ', ended after its parent' : ''
  if (state === 'failed') return `failed${failure === undefined ? '' : `: ${cleanName(failure.type)}${failure.message === '' ? '' : `, ${clean(failure.message, 160)}`}`}${late}`
  return `${state === 'open' ? 'not ended' : state}${late}`
}

/** What the span had to do with the run's end: time on the critical path, or the slack that it had. */
export function pathFact({ spans: { wall, slack, late } }: RunModel, i: number): readonly [name: 'Critical path' | 'Slack', text: string] {
  if (wall[i]! > 0) return ['Critical path', formatDuration(wall[i]!)]
  if (slack[i]! > 0) return ['Slack', formatDuration(slack[i]!)]
  return late[i] ? ['Slack', 'nobody waited for it'] : ['Critical path', 'no time of its own']
}

function pathText(run: RunModel, i: number): string {
  const [name, text] = pathFact(run, i)
  return `${name.toLowerCase()} ${text}`
}

/** How long it takes and from when on; where that is not as it was, with what it was. */
export function timesText(run: RunModel, i: number, { start, end }: Times): readonly [duration: string, from: string] {
  const [duration, before] = [formatDuration(end[i]! - start[i]!), formatDuration(run.durationOf(i))]
  const [from, fromBefore] = [formatMomentNs(start[i]! - run.startNs), formatMomentNs(run.spans.start[i]! - run.startNs)]
  return [duration === before ? duration : `${duration}, was ${before}`, from === fromBefore ? from : `${from}, was ${fromBefore}`]
}

/** All that the drawing says of a span, for those who do not see it. @param times as it would be, where that is drawn */
export function describeSpan(run: RunModel, tree: Tree, i: number, isCollapsed: boolean, times: Times = run.spans): string {
  const children = tree.children[i]!.length
  const isOwn = times.start === run.spans.start
  const [duration, from] = timesText(run, i, times)
  const parts = [
    run.name(i), cleanName(run.category(i) || 'internal'), duration, ...(isOwn ? [`self ${formatDuration(run.spans.self[i]!)}`] : []),
    `from ${from}`, ...(isOwn ? [pathText(run, i)] : []),
    children === 0 ? 'no children' : plural(children, 'child', 'children'),
    ...(isCollapsed ? [`collapsed, ${plural(tree.below[i]!, 'span')} inside`] : []),
    outcomeText(run, i),
  ]
  return `${parts.join(', ')}.`
}
