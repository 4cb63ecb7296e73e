import type { ComponentType } from 'preact'
import { Figures } from './figures.tsx'
import { Privacy } from './privacy.tsx'
import { ReadCalls, ReadCompare, ReadContext, ReadFlame, ReadOverview, ReadRuns, ReadTimeline, ReadWhatIf } from './reading.tsx'
import { ShortcutList } from './shortcut-list.tsx'

export interface Topic {
  /** In the address; a finding's code never looks like one. */
  readonly id: string
  readonly title: string
  readonly what: string
  readonly Body: ComponentType
}

export const pictureTopics: readonly Topic[] = [
  { id: 'overview', title: 'Overview', what: 'what to change first, and where the time went', Body: ReadOverview },
  { id: 'timeline', title: 'Timeline', what: 'what ran when, what waited for what', Body: ReadTimeline },
  { id: 'flame', title: 'Flame graph', what: 'what the time, the tokens and the money went to', Body: ReadFlame },
  { id: 'what-if', title: 'What if', what: 'the run as it would be', Body: ReadWhatIf },
  { id: 'context', title: 'Context', what: 'what each request was made of, and what the cache held of it', Body: ReadContext },
  { id: 'calls', title: 'Calls', what: 'where the time of one call went', Body: ReadCalls },
  { id: 'runs', title: 'Runs', what: 'many runs: percentiles, and what they have in common', Body: ReadRuns },
  { id: 'compare', title: 'Compare', what: 'whether runs became slower or dearer, and whether that is proven', Body: ReadCompare },
]

export const otherTopics: readonly Topic[] = [
  { id: 'figures', title: 'The figures', what: 'how each is defined', Body: Figures },
  { id: 'keyboard', title: 'Keyboard', what: 'everything without a mouse', Body: ShortcutList },
  { id: 'privacy', title: 'Privacy', what: 'what is in this file, and who gets it', Body: Privacy },
]

export const topics: readonly Topic[] = [...pictureTopics, ...otherTopics]
