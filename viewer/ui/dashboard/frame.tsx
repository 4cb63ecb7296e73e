import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { formatCount, plural } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { hrefOf } from '../app/route.ts'
import { toggleTheme } from '../app/theme.ts'
import { showShortcuts } from '../guide/shortcuts-dialog.tsx'
import { Icon, Mark } from '../parts/icon.tsx'
import { useServer } from './info.ts'
import { NO_FILTER, writeFilter, type RunFilter } from './query.ts'

type PageName = 'runs' | 'statistics' | 'compare' | 'guide'

const PAGES: readonly (readonly [name: PageName, title: string])[] = [['runs', 'Runs'], ['statistics', 'Statistics'], ['compare', 'Compare'], ['guide', 'Guide']]

interface FrameProps {
  readonly page: PageName
  /** Which runs are looked at: the list and the statistics hand it to each other. */
  readonly filter?: RunFilter
  readonly children: ComponentChildren
}

/** Around each page of the dashboard: where one can go, and which server this is. */
export function Frame({ page, filter = NO_FILTER, children }: FrameProps): JSX.Element {
  const title = PAGES.find(([name]) => name === page)![1]
  useEffect(() => {
    document.title = `${title} · Spanwise`
  }, [title])
  return (
    <div class="shell">
      <header class="top dashboard-top">
        <a class="brand" href={hrefOf(['runs'])}><Mark />Spanwise</a>
        <nav aria-label="Pages" class="pages">
          {PAGES.map(([name, text]) => <a key={name} href={hrefOf([name], name === 'runs' || name === 'statistics' ? writeFilter(filter) : {})} aria-current={name === page ? 'page' : undefined}>{text}</a>)}
        </nav>
        <button type="button" class="button quiet" onClick={showShortcuts} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"><Icon name="keyboard" /></button>
        <button type="button" class="button quiet" onClick={toggleTheme} aria-label="Light or dark"><Icon name="theme" /></button>
      </header>
      <main class="view wide dashboard"><h1 class="visually-hidden">{title}</h1>{children}</main>
      <Footer />
    </div>
  )
}

function Footer(): JSX.Element {
  const info = useServer()
  if (info === undefined) return <footer class="foot" />
  const { folder, runs, receiver, retentionDays, version } = info
  return (
    <footer class="foot">
      <span>{plural(runs, 'run')} in <code>{clean(folder)}</code></span>
      {receiver !== null && ('url' in receiver
        ? <span>Takes OTLP at <code>{clean(receiver.url)}</code></span>
        : <span class="foot-problem">No OTLP: {clean(receiver.problem)}</span>)}
      {retentionDays > 0 && <span>Received runs are kept {formatCount(retentionDays)} days</span>}
      <span>Spanwise {clean(version)}</span>
    </footer>
  )
}
