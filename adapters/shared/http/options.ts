import { profiler as defaultProfiler, setup, show, type Profiler } from '../../../src/kit.ts'
import type { RunLogger, SummaryOptions } from '../../../src/run-log.ts'

/** @typeParam Asked what the framework calls a request; the guard gets it */
export interface HttpOptions<Asked> extends SummaryOptions {
  /** Default: `SPANWISE_HTTP`. Off, the middleware is not there: nothing is looked at. */
  readonly enabled?: boolean
  /** Default: the profiler of the process. */
  readonly profiler?: Profiler
  /** Share of the requests that are profiled in the background, 0 to 1. Default: `SPANWISE_SAMPLE_RATE` or 0.1. */
  readonly sampleRate?: number
  /** Spans deeper below the request than this are dropped, and counted. Default: `SPANWISE_MAX_DEPTH` or 50. */
  readonly maxDepth?: number
  /**
   * Who may ask for a profile (`?profile=1`) or for spans. A throw means no. Without it and without a secret everybody may, but for
   * `NODE_ENV=production`, where nobody may. (A method, so that a function of the framework's own type of requests fits.)
   */
  allow?(request: Asked): boolean | Promise<boolean>
  /** What the header `spanwise-secret` of such a request has to say; `allow` is asked as well. Default: `SPANWISE_HTTP_SECRET`. */
  readonly secret?: string
  /** Gets a line for each request that was profiled in the background. Default: the console. `false`: nobody. */
  readonly logger?: RunLogger | false
}

/** The options with what stands in for those that are absent. */
export interface Settings<Asked> extends SummaryOptions {
  readonly enabled: boolean
  readonly profiler: Profiler
  readonly sampleRate: number
  readonly maxDepth: number
  readonly allow: ((request: Asked) => boolean | Promise<boolean>) | undefined
  readonly secret: string | undefined
  readonly logger: RunLogger | undefined
  /** Whether anybody may ask for anything. */
  readonly canAsk: boolean
}

const DEFAULT_SAMPLE_RATE = 0.1
const DEFAULT_MAX_DEPTH = 50
const ON = ['1', 'true', 'on', 'yes']

/**
 * @throws {TypeError} when an option is of the wrong shape
 * @throws {RangeError} when a number is out of its range; both show the value
 */
export function readSettings<Asked>(options: HttpOptions<Asked>): Settings<Asked> {
  check(options)
  const env = globalThis.process?.env ?? {}
  const read = (name: string): string => env[name]?.trim() ?? ''
  const rate = Number(read('SPANWISE_SAMPLE_RATE') || Number.NaN)
  const depth = Number(read('SPANWISE_MAX_DEPTH') || Number.NaN)
  const { profiler = defaultProfiler, allow, logger = console, prices } = options
  const file = setup().http ?? {}
  const secret = options.secret ?? (read('SPANWISE_HTTP_SECRET') || undefined) ?? file.secret
  return {
    enabled: (options.enabled ?? isOn(read('SPANWISE_HTTP')) ?? file.enabled ?? false) && profiler.enabled,
    profiler, allow, secret, prices,
    // What the environment says never throws: a value that makes no sense is as if it were not there.
    sampleRate: options.sampleRate ?? (rate >= 0 && rate <= 1 ? rate : file.sampleRate ?? DEFAULT_SAMPLE_RATE),
    maxDepth: options.maxDepth ?? (Number.isSafeInteger(depth) && depth >= 1 ? depth : file.maxDepth ?? DEFAULT_MAX_DEPTH),
    logger: logger === false ? undefined : logger,
    canAsk: allow !== undefined || secret !== undefined || read('NODE_ENV') !== 'production',
  }
}

/** Undefined when nothing is said. */
const isOn = (value: string): boolean | undefined => (value === '' ? undefined : ON.includes(value.toLowerCase()))

function check(options: HttpOptions<never>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`options must be an object, got ${show(options)}`)
  // Without a word its requests would wait for ever.
  if ('headers' in options || 'req' in options) throw new TypeError('options must not be a request: the middleware is what the call gives, as in app.use(profileExpress())')
  const { enabled, sampleRate, maxDepth, allow, secret, logger, profiler } = options
  if (enabled !== undefined && typeof enabled !== 'boolean') throw new TypeError(`enabled must be true or false, got ${show(enabled)}`)
  if (sampleRate !== undefined && !(typeof sampleRate === 'number' && sampleRate >= 0 && sampleRate <= 1)) {
    throw new RangeError(`sampleRate must be a number from 0 to 1, got ${show(sampleRate)}`)
  }
  if (maxDepth !== undefined && !(Number.isSafeInteger(maxDepth) && maxDepth >= 1)) {
    throw new RangeError(`maxDepth must be a positive whole number, got ${show(maxDepth)}`)
  }
  if (allow !== undefined && typeof allow !== 'function') throw new TypeError(`allow must be a function, got ${show(allow)}`)
  // It may be a secret all the same: only its kind is shown.
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) throw new TypeError(`secret must be a non-empty string, got ${secret === '' ? '""' : typeof secret}`)
  const isLogger = logger === undefined || logger === false || typeof logger === 'function'
    || (typeof logger?.info === 'function' && typeof logger.warn === 'function')
  if (!isLogger) throw new TypeError(`logger must be a function, have info() and warn(), or be false, got ${show(logger)}`)
  if (profiler !== undefined && typeof profiler?.open !== 'function') throw new TypeError(`profiler must be a Profiler, got ${show(profiler)}`)
}
