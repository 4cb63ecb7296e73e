import { useEffect, useState } from 'preact/hooks'

/** Where the page is: everything after the `#`, so that it works from a file too. `#/runs/abc/timeline?span=12` */
export interface Route {
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

export function readRoute(hash: string = location.hash): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  return { path: path.split('/').filter((part) => part !== '').map(decoded), query: new URLSearchParams(query) }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function hrefOf(path: readonly string[], query: Readonly<Record<string, string | number | undefined>> | URLSearchParams = {}): string {
  const params = query instanceof URLSearchParams ? query
    : new URLSearchParams(Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])))
  const text = params.toString()
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
}

/** @param replace no entry of its own in the history: for what changes while one looks, such as the span that is selected */
export function go(href: string, replace = false): void {
  if (href === location.hash) return
  if (!replace) {
    location.hash = href
    return
  }
  history.replaceState(null, '', href)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute())
  useEffect(() => {
    const read = (): void => setRoute(readRoute())
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return route
}
