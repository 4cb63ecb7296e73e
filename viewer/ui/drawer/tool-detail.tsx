import type { JSX } from 'preact'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { useRun } from '../run/run-context.ts'
import { Facts, Section } from './section.tsx'
import { SpanButton } from './span-button.tsx'
import { NoTexts, TextBlock } from './text-block.tsx'

/** What a tool was called with and gave. */
export function ToolDetail({ span }: { readonly span: number }): JSX.Element | null {
  const { run } = useRun()
  const tool = run.document.content.tools[span]
  const { issuedBy } = run.extra(span)
  if (tool === undefined && issuedBy === undefined && run.category(span) !== 'tool') return null
  const issuer = issuedBy === undefined ? undefined : run.placeOf(issuedBy)
  const { callId, arguments: given, result, yielded } = tool ?? {}
  return (
    <Section title="Tool">
      <Facts rows={[
        issuedBy !== undefined && ['Asked for by', issuer === undefined ? 'a call outside this run' : <><SpanButton span={issuer} />{run.spans.call[issuer]! > 0 && <span class="muted">, call {formatCount(run.spans.call[issuer]!)}</span>}</>],
        callId !== undefined && ['Call id', <code class="break">{clean(callId)}</code>],
        yielded !== undefined && ['Items yielded', formatCount(yielded)],
      ]} />
      {given !== undefined && <><h4>Arguments</h4><TextBlock text={given} label="Arguments" /></>}
      {result !== undefined && <><h4>Result</h4><TextBlock text={result} label="Result" /></>}
      {given === undefined && result === undefined && <NoTexts />}
    </Section>
  )
}
