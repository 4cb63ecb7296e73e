import type { JSX } from 'preact'
import { Frame } from './frame.tsx'

/** How to read the pictures, and each finding's own page. */
export function GuidePage({ code }: { readonly code: string | undefined }): JSX.Element {
  return <Frame page="guide"><p class="empty">{code === undefined ? 'The guide' : code}</p></Frame>
}
