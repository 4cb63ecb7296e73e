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

/** Where the span stands to the run's end: time on the critical path, or the slack that it had. */
export function pathText(run: RunModel, i: number): string {
  const wall = run.spans.wall[i]!
  if (wall > 0) return `${formatDuration(wall)} on the critical path`
  const slack = run.spans.slack[i]!
  if (slack > 0) return `${formatDuration(slack)} of slack`
  return run.spans.late[i] ? 'nobody waited for it' : 'no time of its own on the critical path'
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
