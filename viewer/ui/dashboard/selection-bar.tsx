import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import { go, hrefOf } from '../app/route.ts'
import { Confirm } from '../parts/confirm.tsx'
import { ask } from './client.ts'
import { changed } from './live.ts'
import { select, selection, selectNone } from './selection.ts'
import { guessSides, writeSides } from './sides.ts'
import { useStore } from './store.ts'
import { messageOf, told } from './use-loaded.ts'

/** What can be done with the runs that are ticked. */
export function SelectionBar(): JSX.Element | null {
  const chosen = useStore(selection)
  const [isAsking, setAsking] = useState(false)
  const [problem, setProblem] = useState<string>()
  if (chosen.size === 0) return null
  const runs = [...chosen.values()]
  const compare = (): void => {
    const { base, new: next } = guessSides(runs)
    go(hrefOf(['compare'], writeSides({ base: base.map(({ key }) => key), new: next.map(({ key }) => key) })))
  }
  const confirm = async (): Promise<void> => {
    setAsking(false)
    setProblem(await deleteRuns(runs.map(({ key }) => key)))
  }
  return (
    <section class="selection-bar" aria-label="Chosen runs">
      <strong class="number">{plural(chosen.size, 'run')} chosen</strong>
      <button type="button" class="button primary" disabled={chosen.size < 2} onClick={compare}>Compare</button>
      <button type="button" class="button" onClick={() => setAsking(true)}>Delete …</button>
      <button type="button" class="button quiet" onClick={selectNone}>Clear</button>
      {chosen.size === 1 && <span class="faint">Choose another to compare</span>}
      {problem !== undefined && <span class="chip bad" role="alert">{problem}</span>}
      {isAsking && (
        <Confirm title={runs.length === 1 ? `Delete ${cleanName(runs[0]!.name)}?` : `Delete ${plural(runs.length, 'run')}?`} action="Delete" onConfirm={() => void confirm()} onCancel={() => setAsking(false)}>
          Their recordings are taken off the disk. This cannot be undone.
        </Confirm>
      )}
    </section>
  )
}

/** @returns what went wrong, if something did */
export async function deleteRuns(keys: readonly string[]): Promise<string | undefined> {
  const gone: string[] = []
  try {
    for (const key of keys) {
      await ask(`api/runs/${encodeURIComponent(key)}`, { method: 'DELETE' })
      gone.push(key)
    }
    return undefined
  } catch (error) {
    told(error)
    return messageOf(error)
  } finally {
    select(gone.flatMap((key) => selection.value.get(key) ?? []), false)
    if (gone.length > 0) changed(gone)
  }
}
