import { CANCELLED, OK } from '../model/span.ts'
import { within } from './context.ts'
import { outcomeOf, type SpanRecord } from './recorder.ts'

/**
 * Watches one call of a user's function to its end, whatever it gave back, and gives the same thing on:
 *
 * - a promise: in its place one that settles alike, so that a rejection which nobody handles is reported once, as before;
 * - a promise of a class of its own, or any other lazy thenable: the object itself, watched when somebody awaits it;
 * - a generator, sync or async: the object itself, watched until it is done, left or thrown into;
 * - anything else: ended at once.
 *
 * @param see gets the value that it came to; must not throw
 */
export function observe<T>(span: SpanRecord, result: T, see?: (value: unknown) => void): T {
  try {
    if (isPlainPromise(result)) return watchPromise(span, result, see) as T
    const isObject = (typeof result === 'object' && result !== null) || typeof result === 'function'
    if (isObject && (watchThenable(span, result, see) || watchGenerator(span, result))) return result
    see?.(result)
  } catch {
    // An object that cannot even be looked at, such as a revoked proxy: it is the user's all the same.
  }
  span.end()
  return result
}

/** A promise of the language's own class, whose `then` has no other effect than to look. */
export const isPlainPromise = (value: unknown): value is Promise<unknown> =>
  value instanceof Promise && Object.getPrototypeOf(value) === Promise.prototype && !Object.hasOwn(value, 'then')

function watchPromise<T>(span: SpanRecord, promise: Promise<T>, see?: (value: unknown) => void): Promise<T> {
  const watched = promise.then(
    (value) => {
      see?.(value)
      span.end()
      return value
    },
    (error: unknown) => {
      span.end(outcomeOf(error))
      throw error
    },
  )
  // Members that somebody put on the promise, such as an `abort()`, go along.
  for (const name of Object.keys(promise)) Object.defineProperty(watched, name, Object.getOwnPropertyDescriptor(promise, name)!)
  return watched
}

type Settle = ((value: unknown) => unknown) | null | undefined
type Method = (this: unknown, ...args: unknown[]) => unknown

/** Its own `then`, `catch` and `finally` stay what they were: what they are given is told to the span on the way. */
function watchThenable(span: SpanRecord, target: object, see?: (value: unknown) => void): boolean {
  const { then } = target as { then?: unknown }
  if (typeof then !== 'function') return false
  const ok = (settle: Settle): Settle => (value) => {
    if (span.open) see?.(value)
    span.end()
    return typeof settle === 'function' ? settle(value) : value
  }
  const failed = (settle: Settle): Settle => (error) => {
    span.end(outcomeOf(error))
    if (typeof settle === 'function') return settle(error)
    throw error
  }
  const methods: Record<string, (original: Method) => Method> = {
    then: (original) => function (a, b) { return original.call(this, ok(a as Settle), failed(b as Settle)) },
    catch: (original) => function (b) { return original.call(this, failed(b as Settle)) },
  }
  return Object.entries(methods).every(([name, make]) => {
    const original = (target as Record<string, unknown>)[name]
    return typeof original !== 'function' || define(target, name, make(original as Method))
  })
}

function watchGenerator(span: SpanRecord, target: object): boolean {
  const generator = target as Record<string | symbol, unknown>
  const isGenerator = typeof generator['next'] === 'function' && typeof generator['return'] === 'function'
    && (typeof generator[Symbol.asyncIterator] === 'function' || typeof generator[Symbol.iterator] === 'function')
  if (!isGenerator) return false
  return watchIterator(generator as unknown as AnyIterator, {
    around: (step) => within(span, step),
    item: () => {
      const tool = span.details?.tool
      if (tool !== undefined) tool.yielded = (tool.yielded ?? 0) + 1
    },
    end: (outcome) => span.end(outcome),
  })
}

export type AnyIterator = Pick<Required<AsyncIterator<unknown>>, 'next' | 'return' | 'throw'>

export interface IteratorWatch {
  /** Calls one step of the iterator; the place to set the async context of a generator's body. */
  readonly around?: (step: () => unknown) => unknown
  /** Before each `next`; must not throw. */
  readonly asked?: () => void
  /** Before `return` and `throw`; must not throw. */
  readonly leaving?: () => void
  readonly item: (value: unknown) => void
  readonly end: (outcome: ReturnType<typeof outcomeOf>) => void
}

/**
 * Watches an iterator object in place, by own properties over the methods it has: it stays the object that it was, of its
 * own class. `item` and `end` must not throw.
 * @returns false when the object cannot be watched (frozen)
 */
export function watchIterator(iterator: AnyIterator, { around, asked, leaving, item, end }: IteratorWatch): boolean {
  const seen = (step: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (step.done === true) end(OK)
    else item(step.value)
    return step
  }
  const left = <T>(step: T): T => {
    end(CANCELLED)
    return step
  }
  const failed = (error: unknown): never => {
    end(outcomeOf(error))
    throw error
  }
  const watched = (name: 'next' | 'return' | 'throw', done: (step: never) => unknown): Method | undefined => {
    const original = iterator[name] as Method | undefined
    if (typeof original !== 'function') return undefined
    const before = name === 'next' ? asked : leaving
    return function (this: unknown, ...args) {
      before?.()
      let result: unknown
      try {
        result = around === undefined ? original.apply(this, args) : around(() => original.apply(this, args))
      } catch (error) {
        return failed(error)
      }
      return result instanceof Promise ? result.then(done as (step: unknown) => unknown, failed) : done(result as never)
    }
  }
  const methods = { next: watched('next', seen), return: watched('return', left), throw: watched('throw', seen) }
  return Object.entries(methods).every(([name, method]) => method === undefined || replace(iterator, name, method))
}

/** Listed as what it replaces was: generators that TypeScript wrote for older engines have their methods as members of their own. */
function replace(target: object, name: string, value: unknown): boolean {
  const enumerable = Object.getOwnPropertyDescriptor(target, name)?.enumerable ?? false
  return Reflect.defineProperty(target, name, { value, writable: true, configurable: true, enumerable })
}

/** An own property that does not show up in listings and can be taken away again. False when the object does not take it. */
export function define(target: object, name: string | symbol, value: unknown): boolean {
  return Reflect.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}
