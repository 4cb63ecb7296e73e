import type { JSX } from 'preact'
import { shortcutGroups } from './shortcuts.ts'

export function ShortcutList(): JSX.Element {
  return (
    <div class="shortcuts">
      {shortcutGroups.map(({ title, shortcuts }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {shortcuts.map(({ keys, what }) => (
              <div key={what}>
                <dt>{keys.map((key) => (key === '…' ? ' … ' : <kbd key={key}>{key}</kbd>))}</dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}
