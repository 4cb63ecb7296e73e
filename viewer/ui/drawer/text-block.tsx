import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { beginningOf, cleanBlock, readable } from './texts.ts'

/** A recorded text, as text and nothing else. @param label says what it is to who does not see where it stands; no two in the drawer are the same */
export function TextBlock({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const whole = useMemo(() => readable(text), [text])
  const shown = useMemo(() => cleanBlock(isWhole ? whole : beginningOf(whole)), [whole, isWhole])
  const isCut = beginningOf(whole).length < whole.length
  return (
    <div class="text-block">
      <pre tabIndex={0} role="region" aria-label={label}>{shown}{isCut && !isWhole && ' …'}</pre>
      {isCut && <button type="button" class="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>{isWhole ? 'Show less' : `Show all ${formatCount(whole.length)} characters`}</button>}
    </div>
  )
}

/** Said once for a span. */
export function NoTexts(): JSX.Element {
  return <p class="faint small">Texts of prompts, answers and tools were not recorded in this run, only their sizes. <code>content: 'full'</code> in the profiler's options records them.</p>
}
