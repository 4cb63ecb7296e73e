/** Of a run's ids, which begin alike, the end tells them apart. */
const MIN_CHARS = 4

/**
 * Short names of some spans of a run, as `spanwise show <run> <span>` takes them: the end of the id, of at least four characters
 * and as many as tell it from all others.
 * @param wanted ids of those to name; a few, because each is compared with all of one ending
 */
export function handlesFor(wanted: Iterable<string>, spans: readonly { readonly id: string }[]): ReadonlyMap<string, string> {
  const handles = new Map<string, string>()
  const byLast = new Map<number, string[]>()
  for (const id of new Set(wanted)) {
    handles.set(id, id.slice(-MIN_CHARS))
    const last = lastOf(id)
    byLast.set(last, [...(byLast.get(last) ?? []), id])
  }
  for (const { id: other } of spans) {
    for (const id of byLast.get(lastOf(other)) ?? NONE) {
      let handle = handles.get(id)!
      if (other === id || !other.endsWith(handle)) continue
      while (handle.length < id.length && other.endsWith(handle)) handle = id.slice(-handle.length - 1)
      handles.set(id, handle)
    }
  }
  return handles
}

const NONE: readonly string[] = []

const lastOf = (id: string): number => id.charCodeAt(id.length - 1)

const SHOWN = 3

/** `0004 0005 0007 +71`: what proves a finding, by the first three spans and the number of the others. */
export function spanList(ids: readonly string[], handles: ReadonlyMap<string, string>): string {
  const shown = shownOf(ids).flatMap((id) => handles.get(id) ?? [])
  const others = ids.length - shown.length
  return shown.join(' ') + (others > 0 && shown.length > 0 ? ` +${others}` : '')
}

/** The ids that `spanList` shows. */
export const shownOf = (ids: readonly string[]): readonly string[] => ids.slice(0, SHOWN)
