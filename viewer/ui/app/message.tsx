import type { ComponentChildren, JSX } from 'preact'

/** A page with nothing else on it. */
export function Message({ title, children }: { readonly title: string; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <main class="message">
      <h1>{title}</h1>
      {children !== undefined && <p class="muted">{children}</p>}
    </main>
  )
}
