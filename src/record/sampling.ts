import { show } from '../model/show.ts'

/** Which runs are recorded: decided once at a run's start, the same for all that happens inside it. */
export interface SamplingStats {
  /** Runs that began. */
  seen: number
  /** Runs that were recorded. */
  sampled: number
  /** Finished runs now in memory. */
  kept: number
  /** Finished runs that were recorded and then pushed out by `maxTraces`. */
  dropped: number
}

export class Sampler {
  readonly stats: SamplingStats = { seen: 0, sampled: 0, kept: 0, dropped: 0 }
  readonly #rate: number
  readonly #random: () => number

  constructor(rate: number, random: () => number) {
    this.#rate = rate
    this.#random = random
  }

  /** @param override the run's own `sample` option: `true` and `false` decide, a number is a rate. */
  decide(override: boolean | number | undefined): boolean {
    this.stats.seen++
    const rate = override === undefined ? this.#rate : Number(override)
    const sampled = rate >= 1 || (rate > 0 && this.#random() < rate)
    if (sampled) this.stats.sampled++
    return sampled
  }
}

export function checkRate(name: string, rate: unknown): number {
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) {
    throw new RangeError(`${name} must be a number from 0 to 1, got ${show(rate)}`)
  }
  return rate
}
