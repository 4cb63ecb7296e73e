import type { ComponentChildren, JSX } from 'preact'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { go, hrefOf } from '../app/route.ts'
import { useKeydown } from '../app/use-keydown.ts'
import { SpanDrawer } from '../drawer/span-drawer.tsx'
import { TabPanel, Tabs } from '../parts/tabs.tsx'
import { RunContext, type RunView } from './run-context.ts'
import { RunHeader } from './run-header.tsx'
import type { RunModel } from './run-model.ts'
import { isTyping } from './typing.ts'
import { views } from './views.tsx'

interface RunPageProps {
  readonly run: RunModel
  readonly base: readonly string[]
  readonly view: string | undefined
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  /** What the dashboard adds beside the run's name. */
  readonly actions?: ComponentChildren
}

/** One run: what matters first in its header, then one view at a time. What is looked at stands in the address, so it can be sent. */
export function RunPage({ run, base, view: asked, rest, query, actions }: RunPageProps): JSX.Element {
  const current = views.find(({ id }) => id === asked) ?? views[0]!
  const context = useRunView(run, base, current.id, rest, query)
  const open = useCallback((id: string) => go(context.href(id)), [context])
  useKeys(open)
  useEffect(() => {
    document.title = `${run.name(0) || run.analysis.run.name} · ${current.title} · Spanwise`
  }, [run, current])
  return (
    <RunContext.Provider value={context}>
      <div class="shell">
        <header class="top">
          <RunHeader actions={actions} />
          <Tabs label="Views" tabs={views.map(({ id, title }) => [id, title] as const)} current={current.id} onChoose={open} />
        </header>
        <div class="body">
          <TabPanel tab={current.id} wide={current.wide === true}><current.View rest={rest} /></TabPanel>
          {context.selected !== undefined && <SpanDrawer span={context.selected} />}
        </div>
      </div>
    </RunContext.Provider>
  )
}

function useRunView(run: RunModel, base: readonly string[], view: string, rest: readonly string[], query: URLSearchParams): RunView {
  const text = query.toString()
  const path = [...base, view, ...rest].join('\n')
  return useMemo(() => {
    const params = new URLSearchParams(text)
    const setQuery: RunView['setQuery'] = (changes) => {
      const next = new URLSearchParams(text)
      for (const [key, value] of Object.entries(changes)) {
        if (value === undefined) next.delete(key)
        else next.set(key, String(value))
      }
      go(hrefOf(path.split('\n'), next), true)
    }
    const finding = placeIn(params.get('finding'), run.analysis.findings.length)
    return {
      run, base, query: params, setQuery, finding,
      selected: placeIn(params.get('span'), run.count),
      select: (span) => setQuery({ span }),
      marked: new Set(finding === undefined ? [] : run.placesOf(run.analysis.findings[finding]!.spanIds)),
      href: (id, changes = {}) => hrefOf([...base, ...(typeof id === 'string' ? [id] : id)], { ...changes, span: changes['span'] ?? params.get('span') ?? undefined }),
    }
  }, [run, path, text])
}

function placeIn(text: string | null, count: number): number | undefined {
  const place = Number(text)
  return text !== null && text !== '' && Number.isInteger(place) && place >= 0 && place < count ? place : undefined
}

/** 1, 2, 3 … open the views, wherever nobody is typing. */
function useKeys(open: (id: string) => void): void {
  useKeydown((event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const view = views[Number(event.key) - 1]
    if (view !== undefined) open(view.id)
  }, [open])
}
