import type { JSX } from 'preact'
import { formatCost, formatCount, formatTokens, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { categoryColor, CategoryName } from '../parts/category.tsx'
import { TableBox } from '../parts/table-box.tsx'
import { useRun } from '../run/run-context.ts'

/** Each instant of the run belongs to the category that it was waiting for then. */
export function CategoryTimes(): JSX.Element {
  const { run } = useRun()
  const { categories, totals: { durationNs } } = run.analysis
  const shareOf = (ns: number): number => (durationNs === 0 ? 0 : ns / durationNs)
  return (
    <section class="card" aria-labelledby="time-by-category">
      <div class="card-head">
        <h2 id="time-by-category">Where the time went</h2>
        <p class="faint" style={{ fontSize: '12.5px' }}>Wall: what the run waited for, adds up to it. Busy: more where things ran in parallel.</p>
      </div>
      <div class="shares" role="img" aria-label={categories.map(({ category, wallNs }) => `${cleanName(category)} ${formatWholeShare(shareOf(wallNs))}`).join(', ')}>
        {categories.filter(({ wallNs }) => wallNs > 0).map(({ category, wallNs }) => (
          <span key={category} style={{ flex: `${shareOf(wallNs)} 1 0`, background: `var(${categoryColor(category)})` }} />
        ))}
      </div>
      <TableBox label="Time by category" gap="8px">
        <table class="table">
          <thead><tr><th scope="col">Category</th><th class="right" scope="col">Wall</th><th class="right" scope="col">Share</th><th class="right" scope="col">Busy</th><th class="right" scope="col">Spans</th><th class="right" scope="col">Failed</th><th class="right" scope="col">Tokens</th><th class="right" scope="col">Cost</th></tr></thead>
          <tbody>
            {categories.map(({ category, wallNs, busyNs, spans, failed, usage, costUsd }) => (
              <tr key={category}>
                <td><CategoryName category={category} /></td>
                <td class="right">{formatDuration(wallNs)}</td>
                <td class="right">{formatWholeShare(shareOf(wallNs))}</td>
                <td class="right">{formatDuration(busyNs)}</td>
                <td class="right">{formatCount(spans)}</td>
                <td class="right">{failed > 0 ? formatCount(failed) : '–'}</td>
                <td class="right">{usage === undefined ? '–' : formatTokens(usage.input.total + usage.output.total, usage)}</td>
                <td class="right">{costUsd === undefined ? '–' : formatCost(costUsd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  )
}
