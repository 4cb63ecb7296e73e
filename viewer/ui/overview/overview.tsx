import type { JSX } from 'preact'
import { useRun } from '../run/run-context.ts'
import { CategoryTimes } from './category-times.tsx'
import { Findings } from './findings.tsx'
import { About } from './about.tsx'
import { Operations } from './operations.tsx'

/** What to do, and where the time went. */
export function Overview(): JSX.Element {
  const { run } = useRun()
  if (run.count === 0) return <div class="stack"><p class="empty">No spans were recorded in this run.</p><About /></div>
  return (
    <div class="stack">
      <Findings />
      <CategoryTimes />
      <Operations />
      <About />
    </div>
  )
}
