import { show } from '../model/show.ts'

export type Operation = () => unknown

export interface CompareOptions {
  /** How many operations may run at once in the concurrent run: a positive whole number, or Infinity. */
  readonly concurrency: number
  /** Monotonic milliseconds with a fraction; default `performance`. */
  readonly clock?: { now(): number } | undefined
}

export interface OperationTimes {
  /** Its name in a record, its index in an array. */
  readonly name: string
  readonly sequentialMs: number
  readonly concurrentMs: number
}

export interface OperationFailure {
  readonly name: string
  readonly run: 'sequential' | 'concurrent'
  readonly error: unknown
}

export interface Comparison {
  /** How many there were. */
  readonly operations: number
  readonly concurrency: number
  readonly sequentialMs: number
  readonly concurrentMs: number
  /** sequentialMs ÷ concurrentMs; 2 means twice as fast. */
  readonly speedup: number
  /** Negative when running them concurrently was slower. */
  readonly savedMs: number
  readonly times: readonly OperationTimes[]
  /** What threw or rejected, in both runs; empty is the normal case. Times of a run with failures say little. */
  readonly failures: readonly OperationFailure[]
}

/**
 * Really runs the operations, first one after another, then concurrently under a limit, and reports both times.
 * **Each operation runs twice**: give it nothing that must happen only once, and mind that what the first run put into a
 * cache makes the second one faster. An operation that fails stops neither run; the failure is reported.
 * @param operations functions, sync or async, as an array or by name
 * @throws {TypeError} when an operation is not a function, or the concurrency is not a positive whole number or Infinity
 */
export async function compareStrategies(
  operations: readonly Operation[] | Readonly<Record<string, Operation>>, options: CompareOptions,
): Promise<Comparison> {
  const named = readOperations(operations)
  const { concurrency, clock = performance } = readOptions(options)
  const { default: pLimit } = await import('p-limit')

  const failures: OperationFailure[] = []
  const timed = async (name: string, operation: Operation, run: OperationFailure['run']): Promise<number> => {
    const start = clock.now()
    try {
      await operation()
    } catch (error) {
      failures.push({ name, run, error })
    }
    return clock.now() - start
  }

  const sequentialStart = clock.now()
  const sequential: number[] = []
  for (const [name, operation] of named) sequential.push(await timed(name, operation, 'sequential'))
  const sequentialMs = clock.now() - sequentialStart

  const limit = pLimit(concurrency)
  const concurrentStart = clock.now()
  const concurrent = await Promise.all(named.map(([name, operation]) => limit(() => timed(name, operation, 'concurrent'))))
  const concurrentMs = clock.now() - concurrentStart

  return {
    operations: named.length, concurrency, sequentialMs, concurrentMs, failures,
    speedup: concurrentMs > 0 ? sequentialMs / concurrentMs : 1,
    savedMs: sequentialMs - concurrentMs,
    times: named.map(([name], i) => ({ name, sequentialMs: sequential[i]!, concurrentMs: concurrent[i]! })),
  }
}

function readOperations(operations: unknown): readonly (readonly [name: string, operation: Operation])[] {
  if (typeof operations !== 'object' || operations === null) {
    throw new TypeError(`operations must be an array or a record of functions, got ${show(operations)}`)
  }
  const named: readonly (readonly [string, unknown])[] = Array.isArray(operations)
    ? Array.from(operations, (one: unknown, i) => [String(i), one] as const)
    : Object.entries(operations)
  return named.map(([name, operation]) => {
    if (typeof operation === 'function') return [name, operation as Operation]
    const isStarted = operation instanceof Promise
    const hint = isStarted ? 'a promise, which already runs; give a function that starts it' : show(operation)
    throw new TypeError(`operation ${show(name)} must be a function, got ${hint}`)
  })
}

function readOptions(options: CompareOptions): CompareOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be { concurrency }, got ${show(options)}`)
  }
  const { concurrency, clock } = options
  if (!(concurrency === Infinity || Number.isSafeInteger(concurrency)) || concurrency < 1) {
    throw new TypeError(`concurrency must be a positive whole number or Infinity, got ${show(concurrency)}`)
  }
  if (clock !== undefined && typeof clock?.now !== 'function') throw new TypeError(`clock must have now(), got ${show(clock)}`)
  return options
}
