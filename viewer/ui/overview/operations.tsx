import type { JSX } from 'preact'
import { formatCount, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { Swatch } from '../parts/category.tsx'
import { TableBox } from '../parts/table-box.tsx'
import { useRun } from '../run/run-context.ts'

const SHOWN = 12

/** The operations that the run waited for longest, and what making them faster would bring. */
export function Operations(): JSX.Element | null {
  const { run, href } = useRun()
  const { operations, totals: { durationNs } } = run.analysis
  const shown = operations.filter(({ spanIds }) => run.placeOf(spanIds[0] ?? '') !== 0).slice(0, SHOWN)
  if (shown.length === 0) return null
  return (
    <section class="card" aria-labelledby="operations">
      <div class="card-head">
        <h2 id="operations">Slowest operations</h2>
        <p class="faint" style={{ fontSize: '12.5px' }}>Half as long saves: the whole run simulated with this operation twice as fast.</p>
      </div>
      <TableBox label="Slowest operations">
        <table class="table">
          <thead><tr><th scope="col">Operation</th><th class="right" scope="col">Count</th><th class="right" scope="col">Wall</th><th class="right" scope="col">Share</th><th class="right" scope="col">p50</th><th class="right" scope="col">p95</th><th class="right" scope="col">Half as long saves</th></tr></thead>
          <tbody>
            {shown.map(({ name, category, count, failed, wallNs, durationNs: times, halvedSavesNs, spanIds }) => (
              <tr key={`${category} ${name}`}>
                <td><a class="row" style={{ gap: '6px', flexWrap: 'nowrap' }} href={href('timeline', { span: run.placeOf(spanIds[0] ?? ''), find: cleanName(name) || undefined })}><Swatch category={category} />{cleanName(name)}</a></td>
                <td class="right">{formatCount(count)}{failed > 0 && <span class="faint"> ({formatCount(failed)} failed)</span>}</td>
                <td class="right">{formatDuration(wallNs)}</td>
                <td class="right">{formatWholeShare(durationNs === 0 ? 0 : wallNs / durationNs)}</td>
                <td class="right">{formatDuration(times.p50)}</td>
                <td class="right">{formatDuration(times.p95)}</td>
                <td class="right">{halvedSavesNs === undefined ? '–' : halvedSavesNs === 0 ? 'nothing' : formatDuration(halvedSavesNs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  )
}
