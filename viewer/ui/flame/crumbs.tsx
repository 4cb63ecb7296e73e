import type { JSX } from 'preact'

interface CrumbsProps {
  /** From the root to the frame that fills the width. */
  readonly path: Iterable<number>
  readonly name: (frame: number) => string
  readonly onChoose: (frame: number | undefined) => void
}

/** What is zoomed into, and the way out. */
export function Crumbs({ path, name, onChoose }: CrumbsProps): JSX.Element {
  const frames = [...path]
  return (
    <nav class="flame-crumbs" aria-label="Zoomed into">
      <ol>
        {frames.map((frame, i) => (
          <li key={frame}>
            {i === frames.length - 1 ? <span aria-current="true">{name(frame)}</span> : <button type="button" onClick={() => onChoose(i === 0 ? undefined : frame)}>{name(frame)}</button>}
          </li>
        ))}
      </ol>
    </nav>
  )
}
