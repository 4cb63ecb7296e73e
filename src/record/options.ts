import { show } from '../model/show.ts'
import type { Category } from '../model/span.ts'
import type { Clock } from './clock.ts'
import type { Ids } from './ids.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { checkRate } from './sampling.ts'
import { defaultRetention, type Retention } from './sinks/settings.ts'
import type { ContentPolicy } from '../trace-file/index.ts'

export interface ProfilerOptions {
  /** `false` switches everything off. Default: on, unless the environment says `SPANWISE=0`. */
  readonly enabled?: boolean
  /** Share of runs that are recorded, 0 to 1. Default: `SPANWISE_SAMPLE_RATE` or 1. */
  readonly sampleRate?: number
  /** Finished runs kept in memory. Default: `SPANWISE_BUFFER_SIZE` or 64. */
  readonly maxTraces?: number
  /**
   * `full` records the texts of prompts, answers and tools; `none` (default) their sizes and hashes. A function records them,
   * and says of each text what may leave the process. Keys, tokens and passwords are masked on the way out in any case.
   */
  readonly content?: ContentPolicy
  /**
   * Folder in which each run becomes a file. Default: `SPANWISE_DIR`, where `1` means `./.spanwise`; without it, and with
   * `false`, nothing is written. docs/format.md says what is in the files.
   */
  readonly dir?: string | false
  /**
   * Folder in which each finished run becomes a Chrome trace for chrome://tracing and Perfetto, named
   * `run_YYYY_MM_DD_HH_MM_SS_<id>.json` in UTC; `true` means `./spanwise_profiles`. Default: none is written.
   */
  readonly chromeTraceDir?: string | boolean
  /** How much stays in the folder: 1,000 runs, 30 days, 1 GB. The oldest go first. */
  readonly retention?: Partial<Retention>
  /** Notes CPU time, RSS, heap and event-loop delay for each span. Default false: each reading costs microseconds. */
  readonly resources?: boolean
  readonly service?: string
  readonly limits?: Partial<Limits>
  /** For tests: exact time, ids and dice. */
  readonly clock?: Clock
  readonly ids?: Ids
  readonly random?: () => number
}

export interface SpanOptions {
  readonly category?: Category
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Ids of spans whose results this one needs. */
  readonly dependsOn?: readonly string[]
}

export interface RunOptions extends SpanOptions {
  /** Overrides the profiler's sample rate for this run. */
  readonly sample?: boolean | number
  readonly tags?: Readonly<Record<string, string>>
}

export const NO_OPTIONS: RunOptions = Object.freeze({})

export function checkOptions(options: ProfilerOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`options must be an object, got ${show(options)}`)
  const { sampleRate, maxTraces, content, limits, dir, chromeTraceDir, retention } = options
  if (sampleRate !== undefined) checkRate('sampleRate', sampleRate)
  if (maxTraces !== undefined) checkCount('maxTraces', maxTraces)
  if (content !== undefined && content !== 'none' && content !== 'full' && typeof content !== 'function') {
    throw new TypeError(`content must be 'none', 'full' or a function, got ${show(content)}`)
  }
  if (dir !== undefined && dir !== false && (typeof dir !== 'string' || dir === '')) {
    throw new TypeError(`dir must be the path of a folder, or false, got ${show(dir)}`)
  }
  if (chromeTraceDir !== undefined && typeof chromeTraceDir !== 'boolean' && (typeof chromeTraceDir !== 'string' || chromeTraceDir === '')) {
    throw new TypeError(`chromeTraceDir must be the path of a folder, true or false, got ${show(chromeTraceDir)}`)
  }
  for (const [name, limit] of Object.entries(retention ?? {})) {
    if (!(name in defaultRetention)) throw new TypeError(`retention has no ${name}; it has ${Object.keys(defaultRetention).join(', ')}`)
    if (typeof limit !== 'number' || !(limit > 0)) throw new RangeError(`retention.${name} must be a positive number, got ${show(limit)}`)
  }
  for (const [name, limit] of Object.entries(limits ?? {})) {
    if (!(name in defaultLimits)) throw new TypeError(`limits has no ${name}; it has ${Object.keys(defaultLimits).join(', ')}`)
    checkCount(`limits.${name}`, limit)
  }
}

function checkCount(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw new RangeError(`${name} must be a positive whole number, got ${show(value)}`)
}

export function checkName(method: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') throw new TypeError(`${method}(name, …): name must be a non-empty string, got ${show(name)}`)
}

export function checkCall(method: string, name: unknown, fn: unknown): void {
  checkName(method, name)
  if (typeof fn !== 'function') throw new TypeError(`${method}(${show(name)}, fn): fn must be a function, got ${show(fn)}`)
}

export function checkSpanOptions(method: string, options: RunOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${method}: options must be an object, got ${show(options)}`)
  const { category, attributes, dependsOn, tags, sample } = options
  if (category !== undefined && typeof category !== 'string') throw new TypeError(`${method}: category must be a string, got ${show(category)}`)
  checkFields(method, 'attributes', attributes)
  checkFields(method, 'tags', tags)
  if (dependsOn !== undefined && !(Array.isArray(dependsOn) && dependsOn.every((id) => typeof id === 'string'))) {
    throw new TypeError(`${method}: dependsOn must be a list of span ids, got ${show(dependsOn)}`)
  }
  if (sample !== undefined && typeof sample !== 'boolean') checkRate('sample', sample)
}

function checkFields(method: string, name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'object' || value === null)) {
    throw new TypeError(`${method}: ${name} must be an object, got ${show(value)}`)
  }
}

/** Tags as text, whatever was given: a trace stays JSON-safe. */
export function plainTags(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]))
}

/** What the environment says; undefined where it says nothing, or nothing that makes sense. */
export interface Environment {
  readonly enabled: boolean | undefined
  readonly sampleRate: number | undefined
  /** `false`: no files, whatever a configuration file says. */
  readonly dir: string | false | undefined
  readonly maxTraces: number | undefined
}

const DEFAULT_DIR = './.spanwise'
const OFF = ['0', 'false', 'off', 'no']
const ON = ['1', 'true', 'on', 'yes']

/** The environment never throws: a value that makes no sense is as if it were not there. */
export function readEnvironment(): Environment {
  const env = globalThis.process?.env ?? {}
  const read = (name: string): string => env[name]?.trim() ?? ''
  const rate = Number(read('SPANWISE_SAMPLE_RATE') || Number.NaN)
  const buffer = Number(read('SPANWISE_BUFFER_SIZE') || Number.NaN)
  const dir = read('SPANWISE_DIR')
  return {
    enabled: isOn(read('SPANWISE')),
    sampleRate: rate >= 0 && rate <= 1 ? rate : undefined,
    dir: dir === '' ? undefined : isOn(dir) === false ? false : isOn(dir) === true ? DEFAULT_DIR : dir,
    maxTraces: Number.isSafeInteger(buffer) && buffer >= 1 ? buffer : undefined,
  }
}

function isOn(value: string): boolean | undefined {
  if (OFF.includes(value.toLowerCase())) return false
  return ON.includes(value.toLowerCase()) ? true : undefined
}
