/** Of a run's ids, which begin alike, the end tells them apart. */
const MIN_CHARS = 4

/**
 * Short names of some spans of a run, as `spanwise show <run> <span>` takes them: the end of the id, of at least four characters
 * and as many as tell it from all others.
 * @param wanted ids of those to name; a few, because each is compared with all
 */
export function handlesFor(wanted: Iterable<string>, spans: readonly { readonly id: string }[]): ReadonlyMap<string, string> {
  const handles = new Map<string, string>()
  for (const id of wanted) {
    if (handles.has(id)) continue
    const longest = spans.reduce((most, other) => (other.id === id ? most : Math.max(most, sharedEnd(id, other.id))), 0)
    handles.set(id, id.slice(-Math.max(MIN_CHARS, longest + 1)))
  }
  return handles
}

function sharedEnd(a: string, b: string): number {
  let chars = 0
  while (chars < a.length && chars < b.length && a[a.length - 1 - chars] === b[b.length - 1 - chars]) chars++
  return chars
}

const SHOWN = 3

/** `0004 0005 0007 +71`: what proves a finding, by the first three spans and the number of the others. */
export function spanList(ids: readonly string[], handles: ReadonlyMap<string, string>): string {
  const shown = shownOf(ids).flatMap((id) => handles.get(id) ?? [])
  const others = ids.length - shown.length
  return shown.join(' ') + (others > 0 && shown.length > 0 ? ` +${others}` : '')
}

/** The ids that `spanList` shows. */
export const shownOf = (ids: readonly string[]): readonly string[] => ids.slice(0, SHOWN)
