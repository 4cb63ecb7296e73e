import type { JSX } from 'preact'
import { Frame } from './frame.tsx'

export function Statistics(_: { readonly query: URLSearchParams }): JSX.Element {
  return <Frame page="statistics"><p class="empty">Statistics</p></Frame>
}
