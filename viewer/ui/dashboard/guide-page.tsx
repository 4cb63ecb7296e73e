import type { JSX } from 'preact'
import { hrefOf } from '../app/route.ts'
import { Guide } from '../guide/guide.tsx'
import { Frame } from './frame.tsx'

/** How to read the pictures, and each finding's own page. */
export function GuidePage({ code }: { readonly code: string | undefined }): JSX.Element {
  return <Frame page="guide"><Guide code={code} href={(path) => hrefOf(path)} /></Frame>
}
