import type { ComponentType } from 'preact'
import { Flame } from '../flame/flame.tsx'
import { Calls } from '../calls/calls.tsx'
import { Context } from '../context/context.tsx'
import { RunGuide } from '../guide/run-guide.tsx'
import { WhatIf } from '../what-if/what-if.tsx'
import { Overview } from '../overview/overview.tsx'
import { Timeline } from '../timeline/timeline.tsx'

/** What a view is given beside the run: what stands behind its name in the address. */
export interface ViewProps {
  readonly rest: readonly string[]
}

export interface View {
  /** In the address. */
  readonly id: string
  readonly title: string
  /** Uses the whole width of the window. */
  readonly wide?: true
  readonly View: ComponentType<ViewProps>
}

/** In the order of the tabs. */
export const views: readonly View[] = [
  { id: 'overview', title: 'Overview', View: Overview },
  { id: 'timeline', title: 'Timeline', wide: true, View: Timeline },
  { id: 'flame', title: 'Flame graph', wide: true, View: Flame },
  { id: 'what-if', title: 'What if', wide: true, View: WhatIf },
  { id: 'context', title: 'Context', wide: true, View: Context },
  { id: 'calls', title: 'Calls', wide: true, View: Calls },
  { id: 'guide', title: 'Guide', View: RunGuide },
]
