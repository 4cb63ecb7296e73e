import type { JSX } from 'preact'

/** Drawn on a grid of 16, in the colour of the text around it. */
const paths = {
  close: 'M4 4l8 8M12 4l-8 8',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14',
  keyboard: 'M1.5 4.5h13v8h-13zM4 7.5h.01M6.7 7.5h.01M9.3 7.5h.01M12 7.5h.01M5 10.2h6',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  reset: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3',
  zoomIn: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14M7 5v4M5 7h4',
  zoomOut: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14M5 7h4',
  caret: 'M4.5 6.5 8 10l3.5-3.5',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

/** Three spans, one inside the other. */
export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 18 18" aria-hidden="true">
      <rect x="1" y="2" width="16" height="4" rx="1.5" fill="var(--accent)" />
      <rect x="1" y="7" width="9" height="4" rx="1.5" fill="var(--accent)" opacity="0.65" />
      <rect x="8" y="12" width="9" height="4" rx="1.5" fill="var(--accent)" opacity="0.4" />
    </svg>
  )
}
