import type { JSX } from 'preact'
import { Frame } from './frame.tsx'

export function Compare(_: { readonly query: URLSearchParams }): JSX.Element {
  return <Frame page="compare"><p class="empty">Compare</p></Frame>
}
