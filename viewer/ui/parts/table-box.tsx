import type { ComponentChildren, JSX } from 'preact'
import { ScrollBox } from './scroll-box.tsx'

/** A table in a box of its own, so that it and not the page scrolls sideways. */
export function TableBox({ label, gap = '0', children }: { readonly label: string; readonly gap?: string; readonly children: ComponentChildren }): JSX.Element {
  return <ScrollBox class="table-box" label={`Table: ${label}`} gap={gap}>{children}</ScrollBox>
}
