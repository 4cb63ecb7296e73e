import type { Io } from './command.ts'
import { Progress } from './reading-progress.ts'

/** Work that is done before this is told nothing of. */
const QUIET_MS = 300
const EVERY_MS = 100

/** Tells where somebody watches how many of many steps are done. */
export class Steps {
  readonly #what: string
  readonly #count: number
  readonly #now: () => number
  readonly #progress: Progress
  #done = 0
  #nextAt: number

  constructor(what: string, count: number, io: Io) {
    this.#what = what
    this.#count = count
    this.#now = io.nowEpochMs
    this.#progress = new Progress(io)
    this.#nextAt = this.#now() + QUIET_MS
  }

  /** Before each step. */
  next(): void {
    this.#done++
    const now = this.#now()
    if (this.#count < 2 || now < this.#nextAt) return
    this.#nextAt = now + EVERY_MS
    this.#progress.step(`${this.#what} ${this.#done} of ${this.#count}`)
  }

  end(): void {
    this.#progress.clear()
  }
}

/** Does the same with each of many things, and says how far it is. */
export function eachOf<T, R>(things: readonly T[], what: string, io: Io, work: (thing: T) => R): R[] {
  const steps = new Steps(what, things.length, io)
  try {
    return things.map((thing) => {
      steps.next()
      return work(thing)
    })
  } finally {
    steps.end()
  }
}
