import { show } from '../model/show.ts'
import type { ModelPrice, Prices } from '../models/prices.ts'
import type { Windows } from '../models/windows.ts'
import type { TokenCounter } from './token-counter.ts'

/** When a finding or a warning speaks up. */
export interface Thresholds {
  /** Share of the run's time on the critical path that LLM calls take. Default 0.8. */
  readonly llmShare: number
  /** Share of the run that one tool takes. Default 0.3. */
  readonly toolShare: number
  /** A tool call from this many milliseconds on is slow. Default 500. */
  readonly slowToolMs: number
  /** Share of a model's context window that one call uses. Default 0.5. */
  readonly contextShare: number
  /** Findings that would save less time than this many milliseconds are left out. Default 1. */
  readonly savingMs: number
}

export const defaultThresholds: Thresholds = {
  llmShare: 0.8, toolShare: 0.3, slowToolMs: 500, contextShare: 0.5, savingMs: 1,
}

export interface AnalyzeOptions {
  readonly thresholds?: Partial<Thresholds> | undefined
  /** US dollars per million tokens, by model id; they win over the price tables. */
  readonly prices?: Prices | undefined
  /** Context windows in tokens, by model id; they win over the tables. */
  readonly windows?: Windows | undefined
  /** Counts tokens where the provider told none; the default counts locally. `false`: such usage stays unknown. */
  readonly tokens?: TokenCounter | false | undefined
}

/**
 * @throws {TypeError} when the options are of the wrong shape
 * @throws {RangeError} when a number is out of its range; both messages show the value
 */
export function readThresholds(options: AnalyzeOptions): Thresholds {
  if (typeof options !== 'object' || options === null) throw new TypeError(`options must be an object, got ${show(options)}`)
  const given = fields('thresholds', options.thresholds)
  const read = { ...defaultThresholds } as Record<keyof Thresholds, number>
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (!Object.hasOwn(defaultThresholds, name)) {
      throw new RangeError(`unknown threshold ${show(name)}; there are ${Object.keys(defaultThresholds).join(', ')}`)
    }
    const isShare = name.endsWith('Share')
    if (typeof value !== 'number' || !(value >= 0 && value <= (isShare ? 1 : Number.MAX_VALUE))) {
      const range = isShare ? 'a number from 0 to 1' : 'a number of milliseconds, 0 or more'
      throw new RangeError(`thresholds.${name} must be ${range}, got ${show(value)}`)
    }
    read[name as keyof Thresholds] = value
  }
  return read
}

export function checkPrices(prices: Prices | undefined): void {
  for (const [model, price] of Object.entries(fields('prices', prices))) {
    for (const name of ['input', 'output'] as const) {
      if (typeof (price as ModelPrice | null)?.[name] !== 'number') {
        throw new TypeError(`prices[${show(model)}] must have ${name} in US dollars per million tokens, got ${show(price)}`)
      }
    }
    for (const [name, value] of Object.entries(price)) {
      if (value !== undefined && !(typeof value === 'number' && value >= 0 && value < Infinity)) {
        throw new RangeError(`prices[${show(model)}].${name} must be 0 or more, got ${show(value)}`)
      }
    }
  }
}

export function checkWindows(windows: Windows | undefined): void {
  for (const [model, tokens] of Object.entries(fields('windows', windows))) {
    if (!Number.isSafeInteger(tokens) || tokens < 1) {
      throw new RangeError(`windows[${show(model)}] must be a positive whole number of tokens, got ${show(tokens)}`)
    }
  }
}

function fields<T extends object>(name: string, value: T | undefined): T {
  if (value === undefined) return {} as T
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object, got ${show(value)}`)
  }
  return value
}
