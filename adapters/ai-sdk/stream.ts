import { define } from '../../src/kit.ts'

/** What is told of a stream while it is read. Nothing of it may throw. */
export interface StreamWatch {
  /** Calls one step of the source. */
  readonly around: <T>(step: () => T) => T
  readonly asked: () => void
  readonly item: (value: unknown) => void
  readonly done: () => void
  readonly failed: (error: unknown) => void
  /** Its reader left. */
  readonly left: () => void
}

const METHODS = ['getReader', 'pipeThrough', 'pipeTo', 'tee', 'values', Symbol.asyncIterator] as const

type Methods = Record<string | symbol, unknown>

/**
 * Watches a stream in place: the object stays what it is, and the methods by which it is read read it through a look-out that takes
 * one item when one is asked for. Until then the stream is not touched.
 * @returns false when the object cannot be watched (frozen)
 */
export function watchReadable(stream: ReadableStream<unknown>, watch: StreamWatch): boolean {
  const getReader = stream.getReader as () => ReadableStreamDefaultReader<unknown>
  const cancel = stream.cancel
  let watched: ReadableStream<unknown> | undefined
  const open = (): ReadableStream<unknown> => (watched ??= lookOut(getReader.call(stream), watch))
  for (const name of METHODS) {
    if (typeof (stream as unknown as Methods)[name] !== 'function') continue
    const read = function (...args: unknown[]): unknown {
      const inner = open()
      return ((inner as unknown as Methods)[name] as (...args: unknown[]) => unknown).apply(inner, args)
    }
    if (!define(stream, name, read)) return false
  }
  define(stream, 'cancel', (reason?: unknown) => {
    if (watched !== undefined) return watched.cancel(reason)
    if (!stream.locked) watch.left()
    return cancel.call(stream, reason)
  })
  const isLocked = (): boolean => watched?.locked ?? nativeLocked.call(stream)
  return Reflect.defineProperty(stream, 'locked', { get: isLocked, configurable: true, enumerable: false })
}

const nativeLocked = Object.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked')!.get as (this: ReadableStream) => boolean

function lookOut(reader: ReadableStreamDefaultReader<unknown>, watch: StreamWatch): ReadableStream<unknown> {
  let isReading = false
  let isOver = false
  const over = (controller: ReadableStreamDefaultController<unknown>): void => {
    watch.done()
    close(controller)
  }
  return new ReadableStream<unknown>({
    start(controller) {
      // What is piped hears of the end and of an error at once, also while it asks for nothing.
      reader.closed.then(
        () => {
          isOver = true
          // The source closes with its last item, which is still on its way.
          if (!isReading) over(controller)
        },
        (error: unknown) => {
          watch.failed(error)
          controller.error(error)
        },
      )
    },
    async pull(controller) {
      watch.asked()
      isReading = true
      const { done, value } = await watch.around(() => reader.read())
      isReading = false
      if (!done) {
        watch.item(value)
        controller.enqueue(value)
      }
      if (done || isOver) over(controller)
    },
    cancel(reason) {
      watch.left()
      return reader.cancel(reason)
    },
  }, { highWaterMark: 0 })
}

function close(controller: ReadableStreamDefaultController<unknown>): void {
  try {
    controller.close()
  } catch {
    // It was closed, or left, before.
  }
}
