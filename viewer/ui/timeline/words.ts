import { plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { RunModel } from '../run/run-model.ts'
import type { Tree } from './tree.ts'

/** Of a moment: negative before the run began, as in imported runs. */
export const formatMomentNs = (ns: number): string => (ns < 0 ? `-${formatDuration(-ns)}` : formatDuration(ns))

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

/** All that the drawing says of a span, for those who do not see it. */
export function describeSpan(run: RunModel, tree: Tree, i: number, isCollapsed: boolean): string {
  const children = tree.children[i]!.length
  const parts = [
    run.name(i), cleanName(run.category(i) || 'internal'), formatDuration(run.durationOf(i)), `self ${formatDuration(run.spans.self[i]!)}`,
    `from ${formatMomentNs(run.spans.start[i]! - run.startNs)}`, pathText(run, i),
    children === 0 ? 'no children' : plural(children, 'child', 'children'),
    ...(isCollapsed ? [`collapsed, ${plural(tree.below[i]!, 'span')} inside`] : []),
    outcomeText(run, i),
  ]
  return `${parts.join(', ')}.`
}
