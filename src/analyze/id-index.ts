import { bytes, ints } from './room.ts'

/** Beyond this many steps the ids were chosen to meet, and a Map takes over. */
const MAX_STEPS = 64

/**
 * The place of each span by its id; of two with one id, the first. A Map of a million texts takes several times as long to fill
 * and to ask, and more memory.
 */
export class IdIndex {
  readonly #spans: readonly { readonly id: string }[]
  /** Whether several have one id. */
  hasTwins = false
  readonly #mask: number
  /** Places, counted from 1; 0 is free. */
  readonly #places: Int32Array
  /** Eight bits of the hash of each: most that meet in a slot differ in them. */
  readonly #tags: Uint8Array
  #others: Map<string, number> | undefined

  constructor(spans: readonly { readonly id: string }[]) {
    this.#spans = spans
    let slots = 16
    while (slots < spans.length * 2) slots *= 2
    this.#mask = slots - 1
    this.#places = ints(slots)
    this.#tags = bytes(slots)
    for (let place = 0; place < spans.length; place++) this.#add(spans[place]!.id, place)
  }

  /** The index of the same spans in another order. @param position of each one there */
  moved(spans: readonly { readonly id: string }[], position: Int32Array): Pick<IdIndex, 'get' | 'hasTwins'> {
    // Of two with one id another may be the first now.
    if (this.hasTwins) return new IdIndex(spans)
    return {
      hasTwins: false,
      get: (id) => {
        const place = this.get(id)
        return place === undefined ? undefined : position[place]
      },
    }
  }

  get(id: string): number | undefined {
    const hash = hashOf(id)
    for (let step = 0; step < MAX_STEPS; step++) {
      const slot = (hash + step) & this.#mask
      const place = this.#places[slot]! - 1
      if (place === -1) return undefined
      if (this.#tags[slot] === hash >>> 24 && this.#spans[place]!.id === id) return place
    }
    return this.#others?.get(id)
  }

  #add(id: string, place: number): void {
    const hash = hashOf(id)
    for (let step = 0; step < MAX_STEPS; step++) {
      const slot = (hash + step) & this.#mask
      const taken = this.#places[slot]! - 1
      if (taken === -1) {
        this.#places[slot] = place + 1
        this.#tags[slot] = hash >>> 24
        return
      }
      if (this.#tags[slot] === hash >>> 24 && this.#spans[taken]!.id === id) {
        this.hasTwins = true
        return
      }
    }
    this.#others ??= new Map()
    if (this.#others.has(id)) this.hasTwins = true
    else this.#others.set(id, place)
  }
}

/** Characters at the end of an id by which it is found: those of one run differ there, if anywhere. */
const END = 12

/** FNV-1a of its end, with the bits mixed once more. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let i = Math.max(0, id.length - END); i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 2246822507)
  return hash ^ (hash >>> 13)
}
