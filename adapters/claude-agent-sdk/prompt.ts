import { define, watchIterator, type AnyIterator } from '../../src/kit.ts'
import { fields } from '../shared/json.ts'

/** Tells of what a prompt gives that is a stream of messages, as the SDK takes them. It is watched in place, once. */
export function watchPrompt(prompt: unknown, told: (message: unknown) => void): void {
  const source = fields(prompt) as Record<symbol, unknown> | undefined
  const iterate = source?.[Symbol.asyncIterator]
  if (source === undefined || typeof iterate !== 'function') return
  const own = Object.getOwnPropertyDescriptor(source, Symbol.asyncIterator)
  define(source, Symbol.asyncIterator, function (this: unknown): unknown {
    // It may serve another query later.
    if (own === undefined) Reflect.deleteProperty(source, Symbol.asyncIterator)
    else Reflect.defineProperty(source, Symbol.asyncIterator, own)
    const iterator: unknown = iterate.call(this)
    if (fields(iterator) !== undefined) watchIterator(iterator as AnyIterator, { item: told, end: () => undefined })
    return iterator
  })
}
