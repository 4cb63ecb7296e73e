import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface TabsProps {
  readonly label: string
  readonly tabs: readonly (readonly [id: string, title: string])[]
  readonly current: string
  readonly onChoose: (id: string) => void
}

/** The tabs alone; what belongs to the current one stands in a {@link TabPanel}. */
export function Tabs({ label, tabs, current, onChoose }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected="true"]')
    // Only sideways: the page itself stays where it is.
    if (tab && list.current) list.current.scrollLeft = tab.offsetLeft - list.current.offsetLeft - 24
  }, [current])
  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const at = tabs.findIndex(([id]) => id === current)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    const next = (to + tabs.length) % tabs.length
    onChoose(tabs[next]![0])
    event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus()
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKey}>
      {tabs.map(([id, title]) => (
        <button
          key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={id === current} aria-controls="panel" tabIndex={id === current ? 0 : -1}
          onClick={() => onChoose(id)}
        >{title}</button>
      ))}
    </div>
  )
}

export function TabPanel({ tab, wide = false, children }: { readonly tab: string; readonly wide?: boolean; readonly children: ComponentChildren }): JSX.Element {
  return <main class={wide ? 'view wide' : 'view'}><div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>{children}</div></main>
}
