/**
 * A list of numbers that begins like another one. The requests of a conversation each repeat the one before: as such lists
 * they take the memory of the last of them, not of all together.
 */
export interface PartList {
  readonly base: PartList | undefined
  /** How many items the list has in common with its base. */
  readonly keep: number
  readonly tail: readonly number[]
}

export const lengthOf = ({ keep, tail }: PartList): number => keep + tail.length

/** @param keep at most the length of `base` */
export function partList(tail: readonly number[], base?: PartList, keep = 0): PartList {
  // The list that really has the last item in common.
  let from = base
  while (from !== undefined && keep <= from.keep) from = from.base
  return { base: from, keep: from === undefined ? 0 : keep, tail }
}

/** @returns all items, in a list of their own */
export function expand(list: PartList): number[] {
  const { tail, keep } = list
  const items: number[] = []
  items.length = lengthOf(list)
  for (let i = 0; i < tail.length; i++) items[keep + i] = tail[i]!
  let end = keep
  for (let from = list.base; from !== undefined && end > 0; from = from.base) {
    for (let i = from.keep; i < end; i++) items[i] = from.tail[i - from.keep]!
    end = Math.min(end, from.keep)
  }
  return items
}

const MOST = 8

/** Which of the last few lists a new one begins like: conversations that go on beside each other each find their own. */
export class RecentLists<T, Owner> {
  readonly #isSame: (a: T, b: T) => boolean
  /** The latest first. */
  #recent: { readonly items: readonly T[]; readonly owner: Owner }[] = []

  constructor(isSame: (a: T, b: T) => boolean) {
    this.#isSame = isSame
  }

  /** @param make gives the owner of the new list, from that of the list with the longest common beginning */
  add(items: readonly T[], make: (base: Owner | undefined, keep: number) => Owner): Owner {
    let best = -1
    let keep = 0
    for (let i = 0; i < this.#recent.length; i++) {
      const other = this.#recent[i]!.items
      const common = this.#common(other, items)
      if (common > keep) [best, keep] = [i, common]
      if (common === other.length || common === items.length) break
    }
    const owner = make(this.#recent[best]?.owner, keep)
    // It takes the place of the one that it goes on from.
    const replaced = best >= 0 && keep * 2 >= this.#recent[best]!.items.length ? best : MOST - 1
    this.#recent.splice(replaced, 1)
    this.#recent.unshift({ items, owner })
    return owner
  }

  clear(): void {
    this.#recent = []
  }

  #common(a: readonly T[], b: readonly T[]): number {
    const end = Math.min(a.length, b.length)
    let common = 0
    while (common < end && this.#isSame(a[common]!, b[common]!)) common++
    return common
  }
}

/** Up to there a list costs less than what would spare it. */
const SHORT = 256

/**
 * Gives a call its `requestParts`. A long list that shares its beginning with others is made each time it is read: together
 * they would take the square of a conversation's length.
 */
export function setRequestParts(llm: { requestParts?: readonly number[] }, list: PartList): void {
  if (list.base === undefined) llm.requestParts = list.tail
  else if (lengthOf(list) <= SHORT) llm.requestParts = expand(list)
  else Object.defineProperty(llm, 'requestParts', { get: () => expand(list), enumerable: true, configurable: true })
}
