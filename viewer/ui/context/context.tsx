import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { useRun } from '../run/run-context.ts'
import { CacheCard } from './cache-card.tsx'
import { DefinitionsCard, DuplicatesCard, GrowthCard, PeakCard, StaysCard } from './cards.tsx'
import { contextColumns } from './columns.ts'
import { ContextPicture } from './picture.tsx'

/** What went into each request, how much of it a cache gave, and what carrying it cost. */
export function Context(): JSX.Element {
  const { run } = useRun()
  const all = useMemo(() => contextColumns(run), [run])
  if (all.columns.length === 0) return <p class="empty">No call of this run tells how many tokens its request had.</p>
  return (
    <div class="stack context">
      <ContextPicture key={run.analysis.run.traceId} all={all} />
      <CacheCard />
      <div class="columns">
        <div class="stack"><PeakCard /><DuplicatesCard /></div>
        <div class="stack"><GrowthCard /><DefinitionsCard /></div>
      </div>
      <StaysCard />
    </div>
  )
}
