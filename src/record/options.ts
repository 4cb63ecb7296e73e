import { show } from '../model/show.ts'
import type { Category } from '../model/span.ts'
import type { Clock } from './clock.ts'
import type { Ids } from './ids.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { checkRate } from './sampling.ts'

export interface ProfilerOptions {
  /** `false` switches everything off. Default: on, unless the environment says `SPANWISE=0`. */
  readonly enabled?: boolean
  /** Share of runs that are recorded, 0 to 1. Default: `SPANWISE_SAMPLE_RATE` or 1. */
  readonly sampleRate?: number
  /** Finished runs kept in memory. Default 64. */
  readonly maxTraces?: number
  /** `full` records the texts of prompts, answers and tools; `none` (default) their sizes and hashes. */
  readonly content?: 'none' | 'full'
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
  const { sampleRate, maxTraces, content, limits } = options
  if (sampleRate !== undefined) checkRate('sampleRate', sampleRate)
  if (maxTraces !== undefined) checkCount('maxTraces', maxTraces)
  if (content !== undefined && content !== 'none' && content !== 'full') {
    throw new TypeError(`content must be 'none' or 'full', got ${show(content)}`)
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

/** The environment never throws: a value that makes no sense is as if it were not there. */
export function readEnvironment(): { readonly enabled: boolean; readonly sampleRate: number } {
  const env = globalThis.process?.env ?? {}
  const rate = Number(env['SPANWISE_SAMPLE_RATE']?.trim() || Number.NaN)
  const off = ['0', 'false', 'off'].includes((env['SPANWISE'] ?? '').trim().toLowerCase())
  return { enabled: !off, sampleRate: rate >= 0 && rate <= 1 ? rate : 1 }
}
