import type { JSX } from 'preact'
import type { RunList, RunSummary } from '../../api.ts'
import { plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { hrefOf } from '../app/route.ts'
import { Icon } from '../parts/icon.tsx'
import { formatShortMoment } from '../parts/when.ts'
import { askJson } from './client.ts'
import type { Side, SideName } from './compare-query.ts'
import { FilterBar } from './filter-bar.tsx'
import { changes } from './live.ts'
import { apiQuery, isEmpty, writeFilter, type RunFilter } from './query.ts'
import { remember, seenRun } from './selection.ts'
import { useStore } from './store.ts'
import { useLoaded } from './use-loaded.ts'

interface SideCardProps {
  readonly name: SideName
  readonly side: Side
  readonly other: Side
  readonly onFilter: (filter: RunFilter, isTyping: boolean) => void
  /** To a side, or to none. */
  readonly onMove: (key: string, to: SideName | undefined) => void
  readonly onClear: () => void
}

const titles: Readonly<Record<SideName, readonly [title: string, note: string]>> = {
  base: ['Base', 'before'], new: ['New', 'after'],
}

/** One side of a comparison: the runs that were chosen, or a filter. */
export function SideCard({ name, side, other, onFilter, onMove, onClear }: SideCardProps): JSX.Element {
  const [title, note] = titles[name]
  return (
    <section class={`card side side-${name}`} aria-labelledby={`side-${name}`}>
      <div class="card-head">
        <h2 id={`side-${name}`}>{title} <span class="faint side-note">{note}</span></h2>
        {side.keys.length > 0 && <button type="button" class="button quiet small" onClick={onClear}>Choose by filter</button>}
      </div>
      {side.keys.length > 0 ? <ByKey name={name} keys={side.keys} onMove={onMove} /> : <ByFilter name={name} filter={side.filter} other={other} onFilter={onFilter} onMove={onMove} />}
    </section>
  )
}

const MAX_LISTED = 500

function ByKey({ name, keys, onMove }: Pick<SideCardProps, 'name' | 'onMove'> & { readonly keys: readonly string[] }): JSX.Element {
  const isUnknown = keys.some((key) => seenRun(key) === undefined)
  // A link that somebody sent holds keys alone.
  useLoaded(isUnknown ? 'newest' : undefined, async (signal) => {
    const { runs } = await askJson<RunList>(`api/runs?limit=${MAX_LISTED}`, signal)
    remember(runs)
    return runs.length
  })
  const to = name === 'base' ? 'new' : 'base'
  return (
    <ul class="side-runs">
      {keys.map((key) => {
        const run = seenRun(key)
        const text = run === undefined ? key : cleanName(run.name)
        return (
          <li key={key}>
            <RunLine run={run} runKey={key} />
            <button type="button" class="button quiet small" aria-label={`Move ${text} to ${titles[to][0].toLowerCase()}`} onClick={() => onMove(key, to)}>to {titles[to][0].toLowerCase()}</button>
            <button type="button" class="button quiet small" aria-label={`Take ${text} out`} onClick={() => onMove(key, undefined)}><Icon name="close" /></button>
          </li>
        )
      })}
    </ul>
  )
}

function RunLine({ run, runKey }: { readonly run: RunSummary | undefined; readonly runKey: string }): JSX.Element {
  return (
    <span class="side-run">
      <a href={hrefOf(['runs', runKey])}>{run === undefined ? runKey : cleanName(run.name)}</a>
      {run !== undefined && <span class="faint number">{formatShortMoment(run.startedAtEpochMs)} · {formatDuration(run.durationNs)}</span>}
    </span>
  )
}

const SHOWN = 5
const PAUSE_MS = 5_000

function ByFilter({ name, filter, other, onFilter, onMove }: Pick<SideCardProps, 'name' | 'other' | 'onFilter' | 'onMove'> & { readonly filter: RunFilter }): JSX.Element {
  const { version } = useStore(changes)
  const { data } = useLoaded(writeFilter(filter).toString() || 'all', async (signal) => {
    const asked = apiQuery(filter, Date.now())
    asked.set('limit', String(SHOWN + other.keys.length))
    const list = await askJson<RunList>(`api/runs?${asked}`, signal)
    remember(list.runs)
    return list
  }, version, PAUSE_MS)
  const offered = (data?.runs ?? []).filter(({ key, spans }) => spans > 0 && !other.keys.includes(key)).slice(0, SHOWN)
  return (
    <>
      <FilterBar label={titles[name][0]} filter={filter} facets={data?.facets} onChange={onFilter} />
      {data !== undefined && <p class="muted side-count" role="status">{isEmpty(filter) ? 'Narrow the runs down with a filter, or choose one.' : `${plural(data.total, 'run')}${data.total > MAX_LISTED ? `, of which the newest ${MAX_LISTED} are compared` : ''}.`}</p>}
      {offered.length > 0 && (
        // With a filter, its runs are what is compared; one of them is the exception.
        <details class="offered" key={isEmpty(filter) ? 'open' : 'closed'} open={isEmpty(filter)}>
          <summary>{isEmpty(filter) ? 'The newest runs' : 'Choose only one of them'}</summary>
          <ul class="side-runs">
            {offered.map((run) => (
              <li key={run.key}>
                <RunLine run={run} runKey={run.key} />
                <button type="button" class="button small" aria-label={`Choose ${cleanName(run.name)} of ${formatShortMoment(run.startedAtEpochMs)}`} onClick={() => onMove(run.key, name)}>Choose</button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
