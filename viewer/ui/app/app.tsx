import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { RunDocument } from '../../document/run-document.ts'
import { Dashboard } from '../dashboard/dashboard.tsx'
import { takeToken } from '../dashboard/token.ts'
import { ShortcutsDialog } from '../guide/shortcuts-dialog.tsx'
import { RunModel } from '../run/run-model.ts'
import { RunPage } from '../run/run-page.tsx'
import { embeddedRun } from './embedded.ts'
import { Message } from './message.tsx'
import { useRoute } from './route.ts'

type Loading = { readonly state: 'loading' } | { readonly state: 'run'; readonly run: RunModel } | { readonly state: 'dashboard' } | { readonly state: 'failed'; readonly why: string }

/** The page of a file shows the run that it holds; the dashboard's shows what its server has. */
export function App(): JSX.Element {
  const [loading, setLoading] = useState<Loading>({ state: 'loading' })
  const route = useRoute()
  useEffect(() => {
    embeddedRun().then(
      (document: RunDocument | undefined) => {
        if (document !== undefined) return setLoading({ state: 'run', run: new RunModel(document) })
        if (takeToken()) dispatchEvent(new HashChangeEvent('hashchange'))
        return setLoading({ state: 'dashboard' })
      },
      (error: unknown) => setLoading({ state: 'failed', why: error instanceof Error ? error.message : String(error) }),
    )
  }, [])
  switch (loading.state) {
    case 'loading':
      return <Message title="Opening the run …" />
    case 'failed':
      return <Message title="This file cannot be opened">The run in it is damaged: {loading.why}. Write it again with <code>spanwise report -o run.html</code>.</Message>
    case 'run':
      return <><RunPage run={loading.run} base={[]} view={route.path[0]} rest={route.path.slice(1)} query={route.query} /><ShortcutsDialog /></>
    case 'dashboard':
      return <><Dashboard route={route} /><ShortcutsDialog /></>
  }
}
