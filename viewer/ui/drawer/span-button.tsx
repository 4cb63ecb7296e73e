import type { ComponentChildren, JSX } from 'preact'
import { useRun } from '../run/run-context.ts'

/** Shows another span in the drawer. */
export function SpanButton({ span, children }: { readonly span: number; readonly children?: ComponentChildren }): JSX.Element {
  const { run, select } = useRun()
  return <button type="button" class="link" onClick={() => select(span)}>{children ?? run.name(span)}</button>
}
