/** Who calls, as LlamaIndex's events tell: a chain of the objects whose methods are under way. */
export interface Caller {
  readonly id: string
  readonly caller: unknown
  readonly parent: Caller | null
}

/** A piece of work that has begun and not ended. */
export interface Work {
  readonly id: string
  readonly callerId: string | undefined
  readonly above: Work | undefined
  readonly isLlm: boolean
}

/** Work whose end is never told must not be kept for ever. */
const MAX_OPEN = 20_000

/** What is under way, by who called it. */
export class OpenWork {
  readonly #byId = new Map<string, Work>()
  readonly #byCaller = new Map<string, Work[]>()

  get(id: string): Work | undefined {
    return this.#byId.get(id)
  }

  add(id: string, caller: Caller | undefined, isLlm: boolean): Work {
    if (this.#byId.size >= MAX_OPEN) for (const oldest of this.#byId.values()) { this.take(oldest.id); break }
    const work = { id, callerId: caller?.id, above: this.around(caller, false), isLlm }
    this.#byId.set(id, work)
    if (caller === undefined) return work
    const beside = this.#byCaller.get(caller.id)
    if (beside === undefined) this.#byCaller.set(caller.id, [work])
    else beside.push(work)
    return work
  }

  take(id: string): Work | undefined {
    const work = this.#byId.get(id)
    this.#byId.delete(id)
    const beside = work?.callerId === undefined ? undefined : this.#byCaller.get(work.callerId)
    if (beside === undefined) return work
    beside.splice(beside.indexOf(work!), 1)
    if (beside.length === 0) this.#byCaller.delete(work!.callerId!)
    return work
  }

  /** All that this caller called. */
  of(callerId: string): readonly Work[] {
    return [...this.#byCaller.get(callerId) ?? []]
  }

  /**
   * The innermost piece of work that something called by `caller` belongs to for certain.
   * @param withLlm also calls of models: what is below those is what they send
   */
  around(caller: Caller | null | undefined, withLlm: boolean): Work | undefined {
    for (let up = caller; up !== null && up !== undefined; up = up.parent) {
      const all = (this.#byCaller.get(up.id) ?? []).filter(({ isLlm }) => withLlm || !isLlm)
      // Of those that run side by side nobody can tell which one it is.
      const certain = all.findLast((work) => all.every((other) => isWithin(other, work) || isWithin(work, other)))
      if (certain !== undefined) return certain
    }
    return undefined
  }
}

function isWithin(work: Work, around: Work): boolean {
  for (let up: Work | undefined = work; up !== undefined; up = up.above) if (up === around) return true
  return false
}
