import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RunList, RunStatistics, SeriesPoint } from '../../api.ts'
import { formatCount, formatShare, formatUsd, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { go, hrefOf } from '../app/route.ts'
import { Swatch } from '../parts/category.tsx'
import { Choices } from '../parts/choices.tsx'
import { SortTable } from '../parts/sort-table.tsx'
import { askJson } from './client.ts'
import { EmptyRuns } from './empty-runs.tsx'
import { FilterBar } from './filter-bar.tsx'
import { Frame } from './frame.tsx'
import { changes } from './live.ts'
import { apiQuery, isEmpty, readFilter, writeFilter, type RunFilter } from './query.ts'
import { compact } from './run-words.ts'
import { bucketTime, formatSeries, metricTitles, PERCENTILES, type Bucket, type SeriesMetric } from './series.ts'
import { SeriesChart } from './series-chart.tsx'
import { useStore } from './store.ts'
import { useLoaded } from './use-loaded.ts'

interface Answer {
  readonly statistics: RunStatistics
  readonly facets: RunList['facets']
}

const PAUSE_MS = 5_000

/** What all the runs of a query have in common: how long, how much, when, and what they spend it on. */
export function Statistics({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const filter = readFilter(query)
  const text = writeFilter(filter).toString()
  const { version } = useStore(changes)
  const { data, error } = useLoaded<Answer>(text, async (signal) => {
    const asked = apiQuery(filter, Date.now())
    const [statistics, { facets }] = await Promise.all([
      askJson<RunStatistics>(`api/statistics?${asked}`, signal), askJson<RunList>(`api/runs?${asked}${asked.size > 0 ? '&' : ''}limit=0`, signal),
    ])
    return { statistics, facets }
  }, version, PAUSE_MS)
  const open = (next: RunFilter, isTyping: boolean): void => go(hrefOf(['statistics'], writeFilter(next)), isTyping)
  return (
    <Frame page="statistics" filter={filter}>
      <div class="stack">
        <FilterBar filter={filter} facets={data?.facets} hasKey onChange={open} />
        {error !== undefined && <p class="note" role="alert">The statistics could not be made: {error}</p>}
        {data === undefined && error === undefined && <p class="empty">Reading the runs …</p>}
        {data?.statistics.runs === 0 && <EmptyRuns isFiltered={!isEmpty(filter)} onClear={() => go(hrefOf(['statistics']))} />}
        {data !== undefined && data.statistics.runs > 0 && <Figures statistics={data.statistics} filter={filter} />}
      </div>
    </Frame>
  )
}

function Figures({ statistics, filter }: { readonly statistics: RunStatistics; readonly filter: RunFilter }): JSX.Element {
  return (
    <>
      <Tiles statistics={statistics} />
      <OverTime statistics={statistics} filter={filter} />
      <Operations statistics={statistics} />
      <Findings statistics={statistics} filter={filter} />
    </>
  )
}

function Tiles({ statistics: { runs, failed, total } }: { readonly statistics: RunStatistics }): JSX.Element {
  return (
    <dl class="tiles">
      <Tile name="Runs" value={formatCount(runs)}>{failed === 0 ? 'none failed' : `${formatCount(failed)} failed, ${formatShare(failed / runs)}`}</Tile>
      <PointTile metric="durationNs" point={total.durationNs} />
      <PointTile metric="costUsd" point={total.costUsd}>{formatUsd(total.sumCostUsd)} in all</PointTile>
      <PointTile metric="tokens" point={total.tokens}>{compact(total.sumTokens)} in all</PointTile>
    </dl>
  )
}

function Tile({ name, value, note, children }: { readonly name: string; readonly value: string; readonly note?: string; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <div class="card tile">
      <dt>{name}</dt>
      <dd>{value}{note !== undefined && <small> {note}</small>}</dd>
      {children !== undefined && <dd class="tile-more">{children}</dd>}
    </div>
  )
}

function PointTile({ metric, point, children }: { readonly metric: SeriesMetric; readonly point: SeriesPoint | undefined; readonly children?: ComponentChildren }): JSX.Element {
  if (point === undefined) return <Tile name={metricTitles[metric]} value="unknown" />
  return (
    <Tile name={metricTitles[metric]} value={formatSeries(metric, point.p50)} note="p50">
      <span>p95 {formatSeries(metric, point.p95)}</span><span>p99 {formatSeries(metric, point.p99)}</span>{children !== undefined && <span>{children}</span>}
    </Tile>
  )
}

const METRICS: readonly (readonly [SeriesMetric, string])[] = [['durationNs', 'Duration'], ['costUsd', 'Cost'], ['tokens', 'Tokens']]

function OverTime({ statistics: { buckets }, filter }: { readonly statistics: RunStatistics; readonly filter: RunFilter }): JSX.Element {
  const [metric, setMetric] = useState<SeriesMetric>('durationNs')
  const [isTable, setTable] = useState(false)
  const hrefTo = ({ fromEpochMs, toEpochMs }: Bucket): string =>
    hrefOf(['runs'], writeFilter({ ...filter, time: { kind: 'between', from: fromEpochMs, to: toEpochMs - 1 } }))
  return (
    <section class="card" aria-labelledby="over-time">
      <div class="card-head">
        <h2 id="over-time">Over time</h2>
        <div class="row">
          <Choices label="Figure" value={metric} options={METRICS} onChoose={setMetric} />
          <button type="button" class="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>Table</button>
        </div>
      </div>
      {isTable ? <BucketTable buckets={buckets.filter(({ runs }) => runs > 0)} metric={metric} hrefTo={hrefTo} /> : (
        <>
          <SeriesChart buckets={buckets} metric={metric} onOpen={(bucket) => go(hrefTo(bucket))} />
          <ul class="legend series-legend" aria-label="Lines and bars">
            {PERCENTILES.map((which) => <li key={which}><span class={`series-line ${which}`} aria-hidden="true" />{which}</li>)}
            <li><span class="series-bar" aria-hidden="true" />failed runs</li>
          </ul>
        </>
      )}
    </section>
  )
}

interface BucketTableProps {
  readonly buckets: readonly Bucket[]
  readonly metric: SeriesMetric
  readonly hrefTo: (bucket: Bucket) => string
}

function BucketTable({ buckets, metric, hrefTo }: BucketTableProps): JSX.Element {
  return (
    <SortTable
      label={`${metricTitles[metric]} over time`} rows={buckets} keyOf={({ fromEpochMs }) => String(fromEpochMs)} shown={50}
      columns={[
        { title: 'Time', cell: (bucket) => <a href={hrefTo(bucket)}>{bucketTime(bucket)}</a>, value: ({ fromEpochMs }) => fromEpochMs },
        { title: 'Runs', cell: ({ runs }) => formatCount(runs), value: ({ runs }) => runs, isRight: true },
        { title: 'Failed', cell: ({ failed }) => (failed === 0 ? '–' : formatCount(failed)), value: ({ failed }) => failed, isRight: true },
        ...PERCENTILES.map((which) => ({
          title: which, isRight: true, value: (bucket: Bucket) => bucket[metric]?.[which],
          cell: (bucket: Bucket) => (bucket[metric] === undefined ? '–' : formatSeries(metric, bucket[metric][which])),
        })),
      ]}
    />
  )
}

function Operations({ statistics: { operations } }: { readonly statistics: RunStatistics }): JSX.Element | null {
  if (operations.length === 0) return null
  return (
    <section class="card" aria-labelledby="top-operations">
      <div class="card-head">
        <h2 id="top-operations">Top operations</h2>
        <p class="faint card-note">Wall: time on the critical path, over all runs. Percentiles: of the operation's mean duration in a run.</p>
      </div>
      <SortTable
        label="Top operations" rows={operations} keyOf={({ category, name }) => `${category}\n${name}`} shown={15}
        columns={[
          { title: 'Operation', cell: ({ name, category }) => <span class="operation-name"><Swatch category={category} />{cleanName(name)}</span>, value: ({ name }) => name },
          { title: 'Runs', cell: ({ runs }) => formatCount(runs), value: ({ runs }) => runs, isRight: true },
          { title: 'Count', cell: ({ count }) => formatCount(count), value: ({ count }) => count, isRight: true },
          { title: 'Failed', cell: ({ failed }) => (failed === 0 ? '–' : formatCount(failed)), value: ({ failed }) => failed, isRight: true },
          { title: 'Wall', cell: ({ wallNs }) => formatDuration(wallNs), value: ({ wallNs }) => wallNs, isRight: true },
          { title: 'Share', cell: ({ share }) => formatWholeShare(share), value: ({ share }) => share, isRight: true },
          ...PERCENTILES.map((which) => ({
            title: which, isRight: true, cell: ({ durationNs }: RunStatistics['operations'][number]) => formatDuration(durationNs[which]),
            value: ({ durationNs }: RunStatistics['operations'][number]) => durationNs[which],
          })),
        ]}
      />
    </section>
  )
}

function Findings({ statistics: { findings }, filter }: { readonly statistics: RunStatistics; readonly filter: RunFilter }): JSX.Element {
  return (
    <section class="card" aria-labelledby="all-findings">
      <div class="card-head">
        <h2 id="all-findings">Findings over all runs</h2>
        <p class="faint card-note">What is saved in any case, added up. Findings of one run overlap, so do not add up the rows.</p>
      </div>
      {findings.length === 0 ? <p class="muted">Nothing found in any of these runs.</p> : (
        <SortTable
          label="Findings over all runs" rows={findings} keyOf={({ code }) => code}
          columns={[
            { title: 'Finding', cell: ({ code, title }) => <><a class="chip code" href={hrefOf(['guide', code])}>{clean(code)}</a> <span class="finding-title">such as: {clean(title)}</span></>, value: ({ code }) => code },
            {
              title: 'Runs', value: ({ runs }) => runs, isRight: true,
              cell: ({ code, runs }) => <a href={hrefOf(['runs'], writeFilter({ ...filter, values: { ...filter.values, finding: [code] } }))} aria-label={`${formatCount(runs)} runs with ${clean(code)}`}>{formatCount(runs)}</a>,
            },
            { title: 'Time', cell: ({ timeNs }) => (timeNs > 0 ? formatDuration(timeNs) : '–'), value: ({ timeNs }) => timeNs, isRight: true },
            { title: 'Cost', cell: ({ costUsd }) => (costUsd > 0 ? formatUsd(costUsd) : '–'), value: ({ costUsd }) => costUsd, isRight: true },
          ]}
        />
      )}
    </section>
  )
}
