import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { cachedShare, formatCost, formatCount, formatTokens, formatUsd, formatWholeShare, plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { WindowedTable, type TableColumn } from '../parts/windowed-table.tsx'
import { useRun } from '../run/run-context.ts'
import { Latency } from './latency.tsx'
import { PhaseBar } from './phase-bar.tsx'
import { PhaseLegend } from './phase-legend.tsx'
import { formatSpeed } from './phases.ts'
import { callRows, filtered, isTroubled, nextSort, readSort, sorted, totalsOf, type CallColumn, type CallRow } from './rows.ts'

/** Every call of a model, one line each. */
export function Calls(): JSX.Element {
  const { run, query, setQuery } = useRun()
  const rows = useMemo(() => callRows(run), [run])
  const [text, model, troubled] = [query.get('q') ?? '', query.get('model') ?? '', query.get('troubled') === '1']
  const sort = readSort(query.get('sort'))
  const found = useMemo(() => filtered(rows, { text, model, troubled }), [rows, text, model, troubled])
  const shown = useMemo(() => sorted(found, sort), [found, sort.column, sort.direction])
  if (rows.length === 0) return <p class="empty">No call of a model was recorded in this run.</p>
  return (
    <div class="stack">
      <section class="card calls" aria-labelledby="calls-title">
        <div class="card-head">
          <h2 id="calls-title">Calls of models</h2>
          <p class="faint small" aria-live="polite">{shown.length === rows.length ? plural(rows.length, 'call') : `${formatCount(shown.length)} of ${plural(rows.length, 'call')}`}</p>
        </div>
        <div class="row calls-filter">
          <input class="field" type="search" placeholder="Model, provider, finish reason, error" aria-label="Filter calls" value={text} onInput={(event) => setQuery({ q: event.currentTarget.value === '' ? undefined : event.currentTarget.value })} />
          <ModelChoice rows={rows} model={model} onChoose={(chosen) => setQuery({ model: chosen === '' ? undefined : chosen })} />
          <button type="button" class="button" aria-pressed={troubled} onClick={() => setQuery({ troubled: troubled ? undefined : '1' })}>Failed or retried <span class="number">{formatCount(rows.filter(isTroubled).length)}</span></button>
          <span class="spacer" />
          <PhaseLegend calls={shown} />
        </div>
        {shown.length === 0
          ? <p class="empty">No call fits. <button type="button" class="link" onClick={() => setQuery({ q: undefined, model: undefined, troubled: undefined })}>Show all</button></p>
          : <Table rows={shown} sort={sort} onSort={(column) => setQuery({ sort: nextSort(sort, column) })} />}
      </section>
      <Latency />
    </div>
  )
}

function ModelChoice({ rows, model, onChoose }: { readonly rows: readonly CallRow[]; readonly model: string; readonly onChoose: (model: string) => void }): JSX.Element | null {
  const models = [...new Set(rows.map((row) => row.model))].sort()
  if (models.length < 2) return null
  return (
    <select class="field" aria-label="Model" value={model} onChange={(event) => onChoose(event.currentTarget.value)}>
      <option value="">All models</option>
      {models.map((one) => <option key={one} value={one}>{one}</option>)}
    </select>
  )
}

const columns: readonly TableColumn<CallColumn>[] = [
  { id: 'number', title: 'Call' },
  { id: 'model', title: 'Model' },
  { id: 'start', title: 'Start', isRight: true },
  { id: 'duration', title: 'Duration' },
  { id: 'ttft', title: 'First token', isRight: true, hint: 'Time to the first token, over all attempts' },
  { id: 'speed', title: 'Tokens/s', isRight: true, hint: 'Output tokens per second from the first to the last' },
  { id: 'input', title: 'Input', isRight: true, hint: 'Tokens, and how many of them a cache gave' },
  { id: 'output', title: 'Output', isRight: true },
  { id: 'cost', title: 'Cost', isRight: true },
  { id: 'attempts', title: 'Attempts', isRight: true },
  { id: 'finish', title: 'Finish' },
  { id: 'gap', title: 'Gap before', isRight: true, hint: 'Time before it in which nothing recorded ran' },
]

interface TableProps {
  readonly rows: readonly CallRow[]
  readonly sort: ReturnType<typeof readSort>
  readonly onSort: (column: CallColumn) => void
}

function Table({ rows, sort, onSort }: TableProps): JSX.Element {
  const { selected, select } = useRun()
  const longest = useMemo(() => rows.reduce((most, { call }) => Math.max(most, call.durationNs), 1), [rows])
  const current = useMemo(() => rows.findIndex(({ place }) => place === selected), [rows, selected])
  return (
    <WindowedTable
      label="Calls of models" columns={columns} sort={sort} onSort={onSort} count={rows.length} current={current === -1 ? undefined : current}
      keyOf={(row) => rows[row]!.call.number} nameOf={(row) => formatCount(rows[row]!.call.number)} labelOf={(row) => `Call ${formatCount(rows[row]!.call.number)}, open`}
      onOpen={(row) => select(rows[row]!.place)} cells={(row) => <Cells row={rows[row]!} longest={longest} />} footer={<Totals rows={rows} />}
    />
  )
}

function Cells({ row: { call, model, startNs, finish, problem }, longest }: { readonly row: CallRow; readonly longest: number }): JSX.Element {
  const { usage, costUsd, ttftNs, outputTokensPerSecond: speed, attempts, gapNs, durationNs } = call
  const sign = usage?.source === 'estimated' ? '~' : ''
  return (
    <>
      <td class="model" title={model}>{model}</td>
      <td class="right">{formatDuration(startNs)}</td>
      <td class="duration"><span class="number">{formatDuration(durationNs)}</span><PhaseBar call={call} share={durationNs / longest} /></td>
      <td class="right">{ttftNs === undefined ? '–' : formatDuration(ttftNs)}</td>
      <td class="right">{speed === undefined ? '–' : formatSpeed(speed)}</td>
      <td class="right">{usage?.input === undefined ? '–' : <>{sign}{formatCount(usage.input.total)}{usage.input.cacheRead > 0 && <span class="faint"> {formatWholeShare(usage.input.cacheRead / usage.input.total)} cached</span>}</>}</td>
      <td class="right">{usage?.output === undefined ? '–' : `${sign}${formatCount(usage.output.total)}`}</td>
      <td class="right">{costUsd === undefined ? '–' : `${sign}${formatUsd(costUsd)}`}</td>
      <td class={attempts.length > 1 ? 'right warn-text' : 'right'}>{attempts.length === 0 ? '–' : attempts.length}</td>
      <td class={problem === undefined ? 'finish' : 'finish bad-text'} title={finish}>{finish === '' ? '–' : finish}</td>
      <td class="right">{gapNs === undefined || gapNs === 0 ? '–' : formatDuration(gapNs)}</td>
    </>
  )
}

function Totals({ rows }: { readonly rows: readonly CallRow[] }): JSX.Element {
  const { calls, durationNs, usage, cost, retries } = useMemo(() => totalsOf(rows), [rows])
  const cached = cachedShare(usage)
  return (
    <tr>
      <th scope="row">Total</th>
      <td>{plural(calls, 'call')}</td>
      <td />
      <td class="number" title="Sum of durations: more than the clock where calls ran in parallel">{formatDuration(durationNs)}</td>
      <td /><td />
      <td class="right">{formatTokens(usage.input.total, usage)}{cached !== undefined && cached > 0 && <span class="faint"> {formatWholeShare(cached)} cached</span>}</td>
      <td class="right">{formatTokens(usage.output.total, usage)}</td>
      <td class="right">{calls > 0 && cost.unknownCalls + usage.calls === 0 ? '–' : formatCost(cost)}</td>
      <td class="right">{retries === 0 ? '' : `+${formatCount(retries)}`}</td>
      <td>{cost.unknownCalls > 0 && cost.knownUsd > 0 ? `${cleanName(plural(cost.unknownCalls, 'call'))} without price` : ''}</td>
      <td />
    </tr>
  )
}
