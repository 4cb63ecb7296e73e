/** The known name that a mistyped one was most likely meant to be; undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const typed = name.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1
  for (const candidate of known) {
    const isBeginning = typed.length >= 2 && candidate.toLowerCase().startsWith(typed)
    const edits = isBeginning ? 0.5 : distance(typed, candidate.toLowerCase())
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best
}

/** `; did you mean report?` or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const found = nearest(name, known)
  return found === undefined ? '' : `; did you mean ${found}?`
}

const MAX_CHARS = 64

/** Insertions, deletions, replacements and swaps of neighbours between two short texts. */
function distance(a: string, b: string): number {
  if (a.length > MAX_CHARS || b.length > MAX_CHARS) return Infinity
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1)
      row.push(edits)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
