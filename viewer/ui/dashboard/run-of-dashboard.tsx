import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { cleanName } from '../../../reports/shared/text.ts'
import { openRun } from '../app/embedded.ts'
import { Message } from '../app/message.tsx'
import { go, hrefOf, readRoute } from '../app/route.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Icon } from '../parts/icon.tsx'
import { Menu } from '../parts/popup.tsx'
import { useMedia } from '../parts/use-media.ts'
import { RunModel } from '../run/run-model.ts'
import { RunPage } from '../run/run-page.tsx'
import { askBytes, download } from './client.ts'
import { useServer } from './info.ts'
import { changes } from './live.ts'
import { samePlaces } from './same-places.ts'
import { deleteRuns } from './selection-bar.tsx'
import { useStore } from './store.ts'
import { messageOf, told, useLoaded } from './use-loaded.ts'

interface RunOfDashboardProps {
  readonly runKey: string
  readonly view: string | undefined
  readonly rest: readonly string[]
  readonly query: URLSearchParams
}

/** One run as its file would show it, read anew while it is still going on. */
export function RunOfDashboard({ runKey, view, rest, query }: RunOfDashboardProps): JSX.Element {
  const version = useVersionOf(runKey)
  const { data, error } = useLoaded(runKey, async (signal) => new RunModel(await openRun(await askBytes(`api/runs/${encodeURIComponent(runKey)}/document`, signal))), version)
  const base = useMemo(() => ['runs', runKey], [runKey])
  useSamePlaces(data, query)
  if (data === undefined) {
    if (error === undefined) return <Message title="Opening the run …" />
    return <Message title="This run cannot be opened">{error}. <a href={hrefOf(['runs'])}>All runs</a></Message>
  }
  return <RunPage run={data} base={base} view={view} rest={rest} query={query} actions={<Actions runKey={runKey} run={data} />} />
}

/** Goes up when this run may have changed. */
function useVersionOf(key: string): number {
  const { version, keys } = useStore(changes)
  const seen = useRef(version)
  if (keys === undefined || keys.has(key)) seen.current = version
  return seen.current
}

function useSamePlaces(run: RunModel | undefined, query: URLSearchParams): void {
  const before = useRef<RunModel | undefined>(undefined)
  useEffect(() => {
    const last = before.current
    before.current = run
    if (last === undefined || run === undefined || last === run) return
    const next = samePlaces(last, run, query)
    if (next !== undefined) go(hrefOf(readRoute().path, next), true)
  }, [run])
}

interface ActionsProps {
  readonly runKey: string
  readonly run: RunModel
}

/** What can be done with a run; one menu where there is no room for more. */
function Actions({ runKey, run }: ActionsProps): JSX.Element {
  const formats = useServer()?.formats ?? []
  const isNarrow = useMedia('(max-width: 760px)')
  const [isAsking, setAsking] = useState(false)
  const [problem, setProblem] = useState<string>()
  const path = `api/runs/${encodeURIComponent(runKey)}`
  const attempt = async (work: () => Promise<string | undefined | void>): Promise<void> => {
    try {
      setProblem(await work() ?? undefined)
    } catch (error) {
      told(error)
      setProblem(messageOf(error))
    }
  }
  const remove = async (): Promise<string | undefined> => {
    setAsking(false)
    const why = await deleteRuns([runKey])
    if (why === undefined) go(hrefOf(['runs']))
    return why
  }
  const save = (format: string, extension: string): Promise<void> => attempt(() => download(`${path}/export?format=${encodeURIComponent(format)}`, `run.${extension}`))
  const share = (): Promise<void> => attempt(() => download(`${path}/share`, 'run.html'))
  const compareHref = hrefOf(['compare'], { base: runKey })
  const exports = formats.map(({ name, extension }): Action => ({ name, note: `.${extension}`, run: () => void save(name, extension) }))
  return (
    <span class="row run-actions">
      {problem !== undefined && <span class="chip bad" role="alert">{problem}</span>}
      {isNarrow ? (
        <ActionMenu
          label="Actions" actions={[
            { name: 'Compare with …', run: () => go(compareHref) }, { name: 'Share', note: '.html', run: () => void share() }, { name: 'Delete …', run: () => setAsking(true) },
            ...exports.map((action) => ({ ...action, name: `Export ${action.name}` })),
          ]}
        />
      ) : (
        <>
          <a class="button" href={compareHref}>Compare with …</a>
          <ActionMenu label="Export" actions={exports} />
          <button type="button" class="button" title="One HTML file, redacted, without the texts of prompts and answers" onClick={() => void share()}>Share</button>
          <button type="button" class="button" onClick={() => setAsking(true)}>Delete …</button>
        </>
      )}
      {isAsking && (
        <Confirm title={`Delete ${cleanName(run.analysis.run.name)}?`} action="Delete" onConfirm={() => void attempt(remove)} onCancel={() => setAsking(false)}>Its recording is taken off the disk. This cannot be undone.</Confirm>
      )}
    </span>
  )
}

interface Action {
  readonly name: string
  readonly note?: string
  readonly run: () => void
}

function ActionMenu({ label, actions }: { readonly label: string; readonly actions: readonly Action[] }): JSX.Element {
  return (
    <Menu
      label={<>{label}<Icon name="caret" /></>} items={actions.map(({ name, note }) => (note === undefined ? [name, name] as const : [name, name, note] as const))}
      onChoose={(chosen) => actions.find(({ name }) => name === chosen)?.run()}
    />
  )
}
