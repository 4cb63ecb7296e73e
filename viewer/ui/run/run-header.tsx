import type { ComponentChildren, JSX } from 'preact'
import { formatDuration } from '../../../src/model/units.ts'
import { cachedShare, formatCost, formatShare, formatTokens, plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import { toggleTheme } from '../app/theme.ts'
import { showShortcuts } from '../guide/shortcuts-dialog.tsx'
import { Icon, Mark } from '../parts/icon.tsx'
import { formatMoment } from '../parts/when.ts'
import { useRun } from './run-context.ts'
import type { RunModel } from './run-model.ts'

/** What matters first: what ran, how it ended, how long, how much, and how much of it could go. */
export function RunHeader({ actions }: { readonly actions?: ComponentChildren }): JSX.Element {
  const { run, base } = useRun()
  const { run: about } = run.analysis
  return (
    <>
      <div class="top-row">
        <a class="brand" href={base.length === 0 ? '#/overview' : '#/runs'}><Mark />Spanwise</a>
        <span class="faint" aria-hidden="true">/</span>
        <h1>{cleanName(about.name)}</h1>
        <Ending run={run} />
        <span class="spacer" />
        {actions}
        <button type="button" class="button quiet at-keyboard" onClick={showShortcuts} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"><Icon name="keyboard" /></button>
        <button type="button" class="button quiet" onClick={toggleTheme} aria-label="Light or dark"><Icon name="theme" /></button>
      </div>
      <p class="faint row" style={{ fontSize: '12.5px', gap: '4px 12px', marginTop: '2px' }}>
        <span>{formatMoment(about.startedAtEpochMs)}</span>
        {about.service !== undefined && <span>{cleanName(about.service)}</span>}
        {Object.entries(about.tags ?? {}).map(([key, value]) => <span key={key} class="chip">{cleanName(key)}: {cleanName(value)}</span>)}
      </p>
      <Facts run={run} />
    </>
  )
}

function Ending({ run }: { readonly run: RunModel }): JSX.Element | null {
  const { outcome } = run.analysis.run
  switch (outcome.state) {
    case 'ok':
      return null
    case 'open':
      return <span class="chip warn">not ended</span>
    case 'cancelled':
      return <span class="chip warn">cancelled</span>
    case 'failed':
      return <span class="chip bad" title={clean(outcome.message)}>failed: {cleanName(outcome.type)}</span>
  }
}

function Facts({ run }: { readonly run: RunModel }): JSX.Element {
  const { totals, schedules, findings, cost } = run.analysis
  const { usage } = totals
  const cached = cachedShare(usage)
  const saved = 1 - schedules.proven.durationNs / Math.max(1, totals.durationNs)
  return (
    <dl class="facts">
      <Fact name="Duration">{formatDuration(totals.durationNs)}</Fact>
      {usage.calls > 0 && <Fact name="Cost" note={cost === undefined ? undefined : costNote(run)}>{formatCost(totals.costUsd)}</Fact>}
      {usage.calls > 0 && <Fact name="Tokens in" note={cached !== undefined && cached > 0 ? `${formatShare(cached)} cached` : undefined}>{formatTokens(usage.input.total, usage)}</Fact>}
      {usage.calls > 0 && <Fact name="Tokens out">{formatTokens(usage.output.total, usage)}</Fact>}
      <Fact name="Calls" note={totals.toolCalls > 0 ? plural(totals.toolCalls, 'tool') : undefined}>{totals.llmCalls} LLM</Fact>
      {saved > 0.01 && <Fact name="Could take" note={`${formatShare(saved)} less, proven`}>{formatDuration(schedules.proven.durationNs)}</Fact>}
      <Fact name="Findings">{findings.length}</Fact>
    </dl>
  )
}

function costNote(run: RunModel): string | undefined {
  const { unknownCalls } = run.analysis.totals.costUsd
  return unknownCalls > 0 ? `${plural(unknownCalls, 'call')} without price` : undefined
}

function Fact({ name, note, children }: { readonly name: string; readonly note?: string | undefined; readonly children: ComponentChildren }): JSX.Element {
  return <div class="fact"><dt>{name}</dt><dd>{children}{note !== undefined && <small> {note}</small>}</dd></div>
}
