/** `quiet`: when it has been left alone for a while; `soon`: it is whole; `backlog`: whenever there is nothing else. */
export type When = 'quiet' | 'soon' | 'backlog'

interface Due {
  readonly since: number
  readonly at: number
}

/** Work about files, of which several changes become one: a few files at a time, and each of them once. */
export class WorkQueue {
  readonly #work: (path: string) => Promise<void>
  readonly #quietMs: number
  readonly #due = new Map<string, Due>()
  readonly #backlog = new Set<string>()
  /** Its order: the last one comes first. */
  readonly #stack: string[] = []
  /** What took long is not done again at once. */
  readonly #notBefore = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  readonly #working = new Set<string>()
  #isClosed = false
  #waiters: (() => void)[] = []

  constructor(work: (path: string) => Promise<void>, quietMs: number) {
    this.#work = work
    this.#quietMs = quietMs
  }

  add(path: string, when: When): void {
    if (this.#isClosed) return
    if (when === 'backlog') {
      if (!this.#backlog.has(path)) this.#stack.push(path)
      this.#backlog.add(path)
    } else {
      const now = performance.now()
      const since = this.#due.get(path)?.since ?? now
      const wait = when === 'soon' ? this.#quietMs / 10 : this.#quietMs
      const at = Math.min(now + wait, since + this.#quietMs * MOST_QUIETS)
      this.#due.set(path, { since, at: Math.max(at, this.#notBefore.get(path) ?? 0) })
      this.#backlog.delete(path)
    }
    this.#schedule()
  }

  forget(path: string): void {
    this.#due.delete(path)
    this.#backlog.delete(path)
    this.#notBefore.delete(path)
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (!this.#isClosed && this.#working.size + this.#due.size + this.#backlog.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wake()
  }

  #schedule(): void {
    if (this.#working.size >= AT_ONCE || this.#isClosed) return
    clearTimeout(this.#timer)
    let next = this.#backlog.size > 0 ? 0 : Infinity
    for (const [path, { at }] of this.#due) if (!this.#working.has(path)) next = Math.min(next, at)
    if (next !== Infinity) this.#timer = setTimeout(() => this.#begin(), Math.max(0, next - performance.now()))
  }

  #begin(): void {
    while (this.#working.size < AT_ONCE && !this.#isClosed) {
      const path = this.#take()
      if (path === undefined) break
      void this.#do(path)
    }
    this.#schedule()
  }

  async #do(path: string): Promise<void> {
    this.#working.add(path)
    const before = performance.now()
    try {
      await this.#work(path)
    } catch {
      // Work tells of its failures itself; whatever is left must not stop the others.
    }
    const after = performance.now()
    this.#remember(path, after + COST_SHARE * (after - before), after)
    this.#working.delete(path)
    this.#wake()
    this.#begin()
  }

  #take(): string | undefined {
    const now = performance.now()
    let best: string | undefined
    let least = Infinity
    for (const [path, { at }] of this.#due) {
      if (at > now || at >= least || this.#working.has(path)) continue
      best = path
      least = at
    }
    // What is being worked on has been told of anew, and is due then.
    while (best === undefined && this.#stack.length > 0) {
      const last = this.#stack.pop()!
      if (!this.#backlog.has(last)) continue
      if (this.#working.has(last)) this.#due.set(last, { since: now, at: now })
      else best = last
      this.#backlog.delete(last)
    }
    if (best !== undefined) this.#due.delete(best)
    return best
  }

  #remember(path: string, until: number, now: number): void {
    if (until - now > this.#quietMs) this.#notBefore.set(path, until)
    if (this.#notBefore.size > MAX_REMEMBERED) for (const [one, at] of this.#notBefore) if (at < now) this.#notBefore.delete(one)
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

/** The thread does one thing after another; what has to be looked at before and after goes on beside it. */
const AT_ONCE = 4
/** What never goes quiet is looked at all the same. */
const MOST_QUIETS = 3
/** So many times as long as it took. */
const COST_SHARE = 4
const MAX_REMEMBERED = 1_000
