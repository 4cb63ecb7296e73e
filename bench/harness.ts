import { spawnSync } from 'node:child_process'

/** One line of the table. */
export interface Figure {
  readonly what: string
  readonly unit: string
  readonly median: number
  readonly min?: number | undefined
  /** The most that the median may be. Absent: for information. */
  readonly limit?: number | undefined
  readonly note?: string | undefined
}

export interface Case {
  readonly name: string
  readonly title: string
  /** How it is measured, in a line or two. */
  readonly how: string
  /** Other people's numbers, from elsewhere. */
  readonly elsewhere?: string
  measure(): Figure[] | Promise<Figure[]>
  /** What this case does in a process of its own; gives back something JSON-safe. */
  child?(args: readonly string[]): Promise<unknown>
}

/** CPU time of this process in nanoseconds, all threads: garbage collection and compilation count. */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1_000
}

/**
 * Clears the young generation, so that no round pays for the garbage of the one before. Never a full collection between
 * rounds: it throws compiled code away, and what is measured then is the compiler.
 */
const collectYoung = (): void => void globalThis.gc?.({ type: 'minor' })

/** The heap in use after everything unreachable is gone. */
export async function settledHeap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await pause()
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

/** Lets the loop turn, so that work which waits for an idle moment happens. */
export async function pause(turns = 1): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export interface Variant {
  /** Makes ready what the timed part needs; not timed. */
  readonly before?: () => unknown
  readonly run: () => unknown
}

export interface Rounds {
  readonly rounds: number
  readonly warmup: number
  /** Operations in one round: samples are per operation. */
  readonly per: number
}

export type Samples<Name extends string> = Record<Name, number[]>

/**
 * Runs the variants in turn, A B C, B C A, …, so that what disturbs the machine disturbs all of them alike.
 * @returns for each variant, CPU nanoseconds per operation of each round, in the order of the rounds
 */
export async function interleave<Name extends string>(
  variants: Readonly<Record<Name, Variant>>, { rounds, warmup, per }: Rounds,
): Promise<Samples<Name>> {
  const names = Object.keys(variants) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as unknown as Samples<Name>
  for (let round = -warmup; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + warmup) % names.length]!
      const { before, run } = variants[name]
      await before?.()
      collectYoung()
      const start = cpuNs()
      await run()
      const spent = (cpuNs() - start) / per
      if (round >= 0) samples[name].push(spent)
    }
  }
  return samples
}

export function quantile(values: readonly number[], q: number): number {
  const ordered = [...values].sort((a, b) => a - b)
  const at = (ordered.length - 1) * q
  const low = ordered[Math.floor(at)] ?? Number.NaN
  const high = ordered[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
export const least = (values: readonly number[]): number => Math.min(...values)

/** What `b` adds over `a`: the median of the differences round by round, and the difference of the least. */
export function added(a: readonly number[], b: readonly number[]): { readonly median: number; readonly min: number } {
  return { median: median(b.map((value, round) => value - a[round]!)), min: least(b) - least(a) }
}

/** Runs `child` of a case in a process of its own, where nothing that another one did slows or warms it. */
export function inChild<T>(name: string, ...args: string[]): T {
  const { status, stdout, stderr } = spawnSync(
    process.execPath, ['--expose-gc', process.argv[1]!, '--child', name, ...args],
    { encoding: 'utf8', maxBuffer: 1e8 },
  )
  if (status !== 0) throw new Error(`bench: the process of ${name} ${args.join(' ')} ended with ${status}\n${stderr}`)
  return JSON.parse(stdout) as T
}
