import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ServerInfo } from '../../api.ts'
import { Message } from '../app/message.tsx'
import { hrefOf, type Route } from '../app/route.ts'
import { askJson } from './client.ts'
import { Compare } from './compare.tsx'
import { GuidePage } from './guide-page.tsx'
import { ServerContext } from './info.ts'
import { changed, changes, connection, follow, retry } from './live.ts'
import { RunList } from './run-list.tsx'
import { RunOfDashboard } from './run-of-dashboard.tsx'
import { Statistics } from './statistics.tsx'
import { useStore } from './store.ts'
import { takeToken } from './token.ts'
import { useLoaded } from './use-loaded.ts'

/** The pages over all runs, and each run, of the server that this page came from. */
export function Dashboard({ route }: { readonly route: Route }): JSX.Element {
  const launch = useLaunch()
  const state = useStore(connection)
  if (state === 'denied') return <NoAccess />
  return (
    <>
      {state === 'gone' && <Stopped />}
      <Pages key={launch} route={route} />
    </>
  )
}

/** Follows the server; anew with each token, which may come into an open page by its link. @returns how many there were */
function useLaunch(): number {
  const [launch, setLaunch] = useState(0)
  useEffect(() => {
    const onHash = (): void => {
      if (!takeToken()) return
      setLaunch((before) => before + 1)
      dispatchEvent(new HashChangeEvent('hashchange'))
    }
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  useEffect(() => {
    const stop = new AbortController()
    connection.set('connecting')
    if (launch > 0) changed(undefined)
    void follow(stop.signal)
    return () => stop.abort()
  }, [launch])
  return launch
}

function Pages({ route: { path, query } }: { readonly route: Route }): JSX.Element {
  const { version } = useStore(changes)
  const { data: info } = useLoaded('info', (signal) => askJson<ServerInfo>('api/info', signal), version, 5_000)
  return <ServerContext.Provider value={info}><Page path={path} query={query} /></ServerContext.Provider>
}

function Page({ path: [page = 'runs', key, view, ...rest], query }: Route): JSX.Element {
  switch (page) {
    case 'runs':
      return key === undefined ? <RunList query={query} /> : <RunOfDashboard key={key} runKey={key} view={view} rest={rest} query={query} />
    case 'statistics':
      return <Statistics query={query} />
    case 'compare':
      return <Compare query={query} />
    case 'guide':
      return <GuidePage code={key} />
    default:
      return <Message title="There is no such page">Go to <a href={hrefOf(['runs'])}>the runs</a>.</Message>
  }
}

function NoAccess(): JSX.Element {
  return (
    <Message title="Open the link that was printed">
      This dashboard shows its runs to whoever has the link that <code>spanwise ui</code> printed in the terminal, with the token of this launch in it. Open that link here.
    </Message>
  )
}

function Stopped(): JSX.Element {
  return (
    <div class="stopped" role="status">
      <span>The dashboard was stopped; start <code>spanwise ui</code> again.</span>
      <button type="button" class="button" onClick={retry}>Try now</button>
    </div>
  )
}
