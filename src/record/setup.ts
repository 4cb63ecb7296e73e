import type { ProfilerOptions } from './options.ts'

/** What a configuration file may say of recording. */
export type ConfiguredOptions = Omit<ProfilerOptions, 'clock' | 'ids' | 'random'>

/** What a configuration file may say of the middleware for requests. */
export interface ConfiguredHttp {
  readonly enabled?: boolean | undefined
  readonly sampleRate?: number | undefined
  readonly maxDepth?: number | undefined
  readonly secret?: string | undefined
}

/**
 * What `spanwise/register` leaves for the profilers of a process. It runs before any of them exists and may not load this package
 * yet, and there may be several copies of it: so it stands on a global symbol.
 */
export interface Setup {
  /** From the configuration file: below the options in code and the environment. Of all profilers. */
  readonly options?: ConfiguredOptions | undefined
  readonly http?: ConfiguredHttp | undefined
  /** Of the default profiler alone, below all else. */
  readonly defaults?: ConfiguredOptions | undefined
  /** The whole program is one run: calls outside any other run belong to it. Of the default profiler alone. */
  readonly program?: ProgramFacts | undefined
}

export interface ProgramFacts {
  readonly name: string
  /** When it began, by the clock of `performance.now()`. */
  readonly startedMs: number
}

export const SETUP: unique symbol = Symbol.for('spanwise.setup.v1')

export const setup = (): Setup => (globalThis as { [SETUP]?: Setup })[SETUP] ?? {}
