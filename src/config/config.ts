import { checkPrices, checkWindows, readThresholds, type AnalyzeOptions } from '../analyze/options.ts'
import { show } from '../model/show.ts'
import { checkOptions } from '../record/options.ts'
import { checkRate } from '../record/sampling.ts'
import type { ConfiguredHttp, ConfiguredOptions } from '../record/setup.ts'
import { clientNames, type ClientName } from '../register/clients.ts'
import type { RunLogger } from '../run-log.ts'

/**
 * What `spanwise.config.ts`, `.js`, `.mjs` or `.json` may say, as its default export. Read by `spanwise/register` and by the command.
 * Options in code win over the environment, the environment over this file, this file over the defaults.
 */
export interface SpanwiseConfig extends ConfiguredOptions, AnalyzeOptions {
  /** Of the middleware for requests. */
  readonly http?: ConfiguredHttp | undefined
  /** Which clients `spanwise/register` records. Default: all that it knows. */
  readonly wrap?: readonly ClientName[] | undefined
  /** `spanwise/register` writes a line at the end of each run: to this logger, or with `true` to standard error. */
  readonly log?: RunLogger | boolean | undefined
}

const keys: Readonly<Record<keyof SpanwiseConfig, true>> = {
  enabled: true, sampleRate: true, maxTraces: true, content: true, dir: true, chromeTraceDir: true, retention: true, resources: true,
  service: true, limits: true, thresholds: true, prices: true, windows: true, tokens: true, wrap: true, log: true, http: true,
}
const httpKeys: Readonly<Record<keyof ConfiguredHttp, true>> = { enabled: true, sampleRate: true, maxDepth: true, secret: true }

/**
 * @throws {TypeError} when it is no configuration, or has a key that there is not
 * @throws {RangeError} when a number is out of its range; all messages show the value
 */
export function checkConfig(config: unknown): SpanwiseConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(`its default export must be an object of options, got ${show(config)}`)
  }
  const { $schema: _ours, ...given } = config as Record<string, unknown>
  checkKeys('', given, keys)
  const read = given as SpanwiseConfig
  checkOptions(read)
  for (const name of ['enabled', 'resources'] as const) {
    if (read[name] !== undefined && typeof read[name] !== 'boolean') throw new TypeError(`${name} must be true or false, got ${show(read[name])}`)
  }
  if (read.service !== undefined && typeof read.service !== 'string') throw new TypeError(`service must be a string, got ${show(read.service)}`)
  readThresholds(read)
  checkPrices(read.prices)
  checkWindows(read.windows)
  if (read.tokens !== undefined && read.tokens !== false && typeof read.tokens !== 'function') {
    throw new TypeError(`tokens must be a function or false, got ${show(read.tokens)}`)
  }
  checkHttp(read.http)
  checkWrap(read.wrap)
  checkLog(read.log)
  return read
}

function checkKeys(where: string, given: object, known: object): void {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(known, name)).map((name) => `${where}${name}`)
  if (unknown.length > 0) throw new TypeError(`there is no option ${unknown.join(', ')}; the options: ${Object.keys(known).join(', ')}`)
}

function checkHttp(http: unknown): void {
  if (http === undefined) return
  if (typeof http !== 'object' || http === null || Array.isArray(http)) throw new TypeError(`http must be an object of options, got ${show(http)}`)
  checkKeys('http.', http, httpKeys)
  const { enabled, sampleRate, maxDepth, secret } = http as ConfiguredHttp
  if (enabled !== undefined && typeof enabled !== 'boolean') throw new TypeError(`http.enabled must be true or false, got ${show(enabled)}`)
  if (sampleRate !== undefined) checkRate('http.sampleRate', sampleRate)
  if (maxDepth !== undefined && !(Number.isSafeInteger(maxDepth) && maxDepth >= 1)) throw new RangeError(`http.maxDepth must be a positive whole number, got ${show(maxDepth)}`)
  // What it is is not for a message.
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) throw new TypeError(`http.secret must be a non-empty string, got ${secret === '' ? '""' : typeof secret}`)
}

function checkWrap(wrap: unknown): void {
  if (wrap === undefined) return
  if (!Array.isArray(wrap)) throw new TypeError(`wrap must be a list of ${clientNames.join(', ')}, got ${show(wrap)}`)
  const wrong: unknown = wrap.find((name) => !(clientNames as readonly unknown[]).includes(name))
  if (wrong !== undefined) throw new TypeError(`wrap knows no ${show(wrong)}; it takes ${clientNames.join(', ')}`)
}

function checkLog(log: unknown): void {
  if (log === undefined || typeof log === 'boolean' || typeof log === 'function') return
  const { info, warn } = (log ?? {}) as { readonly info?: unknown; readonly warn?: unknown }
  if (typeof info !== 'function' || typeof warn !== 'function') throw new TypeError(`log must be true, a function, or have info() and warn(), got ${show(log)}`)
}
