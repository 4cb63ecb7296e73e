import type { PathStep, SpanView } from '../model/analysis.ts'
import { OK, type Span } from '../model/span.ts'
import type { Call } from './calls.ts'
import { compact } from './compact.ts'
import type { CriticalPath } from './critical-path.ts'
import { giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'

interface Derived {
  readonly self: Float64Array
  readonly wall: Float64Array
  readonly slack: Float64Array
  readonly calls: readonly Call[]
}

/** In the order of the timeline. */
export function spanViews(timeline: Timeline, { self, wall, slack, calls }: Derived): SpanView[] {
  const { spans, start, end, parent, depth, late } = timeline
  const numbers = ints(spans.length)
  for (const { span, summary } of calls) numbers[span] = summary.number
  if (!isPrepared) prepare()
  const views = new Array<SpanView>(spans.length)
  for (let i = 0; i < views.length; i++) {
    const span = spans[i]!
    const p = parent[i]!
    const { attributes, tool, resources } = span
    const issuedBy = tool?.issuedBy
    const call = numbers[i]!
    const isPlain = attributes === undefined && resources === undefined && late[i] === 0
    const make = !isPlain || (call !== 0) === (issuedBy !== undefined) ? viewOf : call !== 0 ? viewOfCall : viewOfTool
    const view = make(
      span, p === -1 ? '' : spans[p]!.id, depth[i]!, compact(start[i]!), compact(end[i]!), compact(end[i]! - start[i]!), compact(self[i]!),
      compact(wall[i]!), compact(slack[i]!), call, issuedBy,
    )
    if (p === -1) delete view.parentId
    if (make === viewOf) {
      if (attributes !== undefined) view.attributes = attributes
      if (late[i] === 1) view.late = true
      if (call !== 0) view.call = call
      if (issuedBy !== undefined) view.issuedBy = issuedBy
      if (resources !== undefined) view.resources = resources
    }
    views[i] = view
  }
  giveBack(numbers)
  return views
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

type ViewOf = (
  span: Span, parentId: string, depth: number, startNs: number, endNs: number, durationNs: number, selfNs: number, wallNs: number, slackNs: number,
  call: number, issuedBy: string | undefined,
) => Mutable<SpanView>

/** Written out and added to, not spread together: a run has as many of these as spans, and spreading takes twice the room. */
const viewOf: ViewOf = ({ id, name, category, outcome }, parentId, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs) =>
  ({ id, parentId, name, category, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs, outcome })

/** The same with what most calls of models, and most tools, have beside it: what is added later takes room of its own. */
const viewOfCall: ViewOf = ({ id, name, category, outcome }, parentId, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs, call) =>
  ({ id, parentId, name, category, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs, outcome, call })
const viewOfTool: ViewOf = ({ id, name, category, outcome }, parentId, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs, _call, issuedBy) =>
  ({ id, parentId, name, category, depth, startNs, endNs, durationNs, selfNs, wallNs, slackNs, outcome, issuedBy: issuedBy! })

/** In the order of the path. */
export function pathSteps({ spans }: Timeline, { wall, steps }: CriticalPath): PathStep[] {
  if (!isPrepared) prepare()
  const found = new Array<PathStep>(steps.length)
  for (let at = 0; at < found.length; at++) found[at] = stepOf(spans[steps[at]!]!.id, compact(wall[steps[at]!]!))
  return found
}

const stepOf = (spanId: string, timeNs: number): PathStep => ({ spanId, timeNs })

let isPrepared = false

/**
 * The engine takes a field in which it has only seen numbers for one of floats, and keeps an object of 16 bytes for each. Where it has
 * seen something else as well, the small whole numbers that most of these are take no room of their own: 65 MB of a million spans.
 */
function prepare(): void {
  const none = null as unknown as number
  const any: Span = { id: '', traceId: '', name: '', category: '', start: 0, outcome: OK }
  const views = [viewOf, viewOfCall, viewOfTool].map((make) => make(any, '', 0, none, none, none, none, none, none, 0, ''))
  isPrepared = views.every(({ id }) => id === stepOf('', none).spanId)
}
