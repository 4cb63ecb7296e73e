import type { JSX } from 'preact'
import { formatShare, plural } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { useRun } from '../run/run-context.ts'

/** What the reader should know of the figures, and where they come from. */
export function About(): JSX.Element {
  const { run } = useRun()
  const { problems, sources, overhead, run: { process, traceId } } = run.analysis
  const { selfNs, share, dropped, selfErrors } = overhead
  const rows: readonly (readonly [string, string])[] = [
    ...Object.entries(sources).map(([what, source]) => [what[0]!.toUpperCase() + what.slice(1), clean(String(source))] as const),
    ['Profiler', `${formatDuration(selfNs)} of its own (${formatShare(share)} of the run), ${plural(dropped.spans, 'span')} dropped${selfErrors > 0 ? `, ${plural(selfErrors, 'error')} of its own` : ''}`],
    ...(process === undefined ? [] : [['Process', clean(`${process.runtime} on ${process.platform}, process ${process.pid}`)] as const]),
    ['Trace', clean(traceId)],
  ]
  return (
    <section class="card" aria-labelledby="about">
      <h2 id="about">About these figures</h2>
      {problems.length > 0 && <ul class="stack" style={{ gap: '6px', marginBottom: '12px' }}>{problems.map(({ code, message }, i) => <li key={`${code} ${i}`} class="note">{clean(message)}</li>)}</ul>}
      <dl class="about">
        {rows.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
      </dl>
    </section>
  )
}
