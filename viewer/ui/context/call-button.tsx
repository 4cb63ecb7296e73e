import type { JSX } from 'preact'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { useRun } from '../run/run-context.ts'

/** Opens a call by its number. */
export function CallButton({ number }: { readonly number: number }): JSX.Element {
  const { run, select } = useRun()
  const place = run.placeOf(run.analysis.calls[number - 1]?.spanId ?? '')
  const text = `call ${formatCount(number)}`
  return place === undefined ? <>{text}</> : <button type="button" class="link" onClick={() => select(place)}>{text}</button>
}
