import { describe, expect, test } from 'vitest'
import { watchReadable } from '../adapters/ai-sdk/stream.ts'

/** A stream that is watched reads like the bare one, whoever reads it and however. */

interface Source {
  readonly name: string
  /** Makes it, and notes what is done with it. */
  make(noted: string[]): ReadableStream<unknown>
}

const boom = new RangeError('it broke')

const sources: readonly Source[] = [
  {
    name: 'all at once',
    make: (noted) => new ReadableStream({
      start(controller) {
        for (const item of ['a', 'b', 'c']) controller.enqueue(item)
        controller.close()
      },
      cancel: (reason) => void noted.push(`cancelled: ${String(reason)}`),
    }),
  },
  {
    name: 'one by one',
    make: (noted) => {
      let count = 0
      return new ReadableStream({
        pull(controller) {
          if (++count > 3) return controller.close()
          controller.enqueue(`item ${count}`)
        },
        cancel: (reason) => void noted.push(`cancelled: ${String(reason)}`),
      }, { highWaterMark: 0 })
    },
  },
  {
    name: 'that breaks',
    make: (noted) => {
      let count = 0
      return new ReadableStream({
        async pull(controller) {
          await Promise.resolve()
          if (++count > 2) return controller.error(boom)
          controller.enqueue(count)
        },
        cancel: (reason) => void noted.push(`cancelled: ${String(reason)}`),
      }, { highWaterMark: 0 })
    },
  },
  {
    name: 'that is broken from the start',
    make: () => new ReadableStream({ start: (controller) => controller.error(boom) }),
  },
  { name: 'without anything', make: () => new ReadableStream({ start: (controller) => controller.close() }) },
  {
    name: 'of a transform',
    make: () => {
      const { readable, writable } = new TransformStream<unknown, unknown>()
      const writer = writable.getWriter()
      void (async () => {
        for (const item of [1, undefined, null, { a: 1 }]) await writer.write(item)
        await writer.close()
      })().catch(() => {})
      return readable
    },
  },
]

type Reading = (stream: ReadableStream<unknown>, seen: unknown[]) => Promise<unknown>

const readings: Readonly<Record<string, Reading>> = {
  'for await': async (stream, seen) => {
    for await (const item of stream) seen.push(item)
  },
  'for await, left after one': async (stream, seen) => {
    for await (const item of stream) {
      seen.push(item)
      break
    }
  },
  'for await, thrown out of': async (stream, seen) => {
    for await (const item of stream) {
      seen.push(item)
      throw new Error('out')
    }
  },
  'values that are kept': async (stream, seen) => {
    for await (const item of stream.values({ preventCancel: true })) {
      seen.push(item)
      break
    }
    for await (const item of stream) seen.push(item)
  },
  'a reader': async (stream, seen) => {
    const reader = stream.getReader()
    seen.push(stream.locked)
    for (let next = await reader.read(); !next.done; next = await reader.read()) seen.push(next.value)
    await reader.closed
    reader.releaseLock()
    seen.push(stream.locked)
  },
  'a reader that asks ahead': async (stream, seen) => {
    const reader = stream.getReader()
    seen.push(...(await Promise.allSettled(Array.from({ length: 5 }, () => reader.read()))).map((one) => JSON.stringify(one)))
  },
  'two readers one after the other': async (stream, seen) => {
    const one = stream.getReader()
    seen.push((await one.read()).value)
    one.releaseLock()
    const two = stream.getReader()
    seen.push((await two.read()).value, stream.locked)
  },
  'a second reader beside the first': async (stream) => {
    stream.getReader()
    stream.getReader()
  },
  'a reader that leaves': async (stream, seen) => {
    const reader = stream.getReader()
    seen.push((await reader.read()).value)
    await reader.cancel('enough')
    seen.push((await reader.read()).done)
  },
  'cancelled before it is read': async (stream, seen) => {
    await stream.cancel('not wanted')
    for await (const item of stream) seen.push(item)
  },
  'cancelled while it is read': async (stream) => {
    stream.getReader()
    await stream.cancel('not wanted')
  },
  'a transform': async (stream, seen) => {
    const shouting = new TransformStream<unknown, unknown>({ transform: (item, controller) => controller.enqueue(`${String(item)}!`) })
    for await (const item of stream.pipeThrough(shouting)) seen.push(item)
  },
  'a transform that is left': async (stream, seen) => {
    for await (const item of stream.pipeThrough(new TransformStream())) {
      seen.push(item)
      break
    }
  },
  'a pipe': (stream, seen) => stream.pipeTo(new WritableStream({
    write: (item) => void seen.push(item), close: () => void seen.push('closed'), abort: (reason) => void seen.push(`aborted: ${String(reason)}`),
  })),
  'a pipe that refuses': (stream, seen) => stream.pipeTo(new WritableStream({
    write: (item) => {
      seen.push(item)
      throw new Error('full')
    },
  })),
  'two branches': async (stream, seen) => {
    const [one, two] = stream.tee()
    for await (const item of one) seen.push(item)
    for await (const item of two) seen.push(item)
  },
  'two branches that are both left': async (stream, seen) => {
    const [one, two] = stream.tee()
    const reader = one.getReader()
    seen.push((await reader.read()).value)
    await Promise.all([two.cancel('two'), reader.cancel('one')])
  },
}

async function read(source: Source, reading: Reading, watch: boolean): Promise<{ readonly seen: readonly unknown[]; readonly told: readonly string[] }> {
  const seen: unknown[] = []
  const noted: string[] = []
  const told: string[] = []
  const stream = source.make(noted)
  if (watch) {
    const keys = Object.keys(stream)
    const isWatched = watchReadable(stream, {
      around: (step) => step(), asked: () => {}, item: () => void told.push('item'),
      done: () => void told.push('done'), failed: (error) => void told.push(`failed ${String(error)}`), left: () => void told.push('left'),
    })
    expect(isWatched).toBe(true)
    expect(Object.keys(stream)).toEqual(keys)
    expect(stream).toBeInstanceOf(ReadableStream)
  }
  try {
    await reading(stream, seen)
  } catch (error) {
    seen.push(error === boom ? 'threw the very error' : `threw ${String(error)}`)
  }
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  return { seen: [...seen, ...noted], told }
}

describe.each(sources)('a stream $name', (source) => {
  test.each(Object.entries(readings))('by %s', async (_name, reading) => {
    const bare = await read(source, reading, false)
    const { seen, told } = await read(source, reading, true)
    expect(seen).toEqual(bare.seen)
    // Its end is told, and once for all that matters: what comes after the first is ignored.
    expect(told.filter((one) => one !== 'item').length).toBeLessThanOrEqual(3)
  })
})

test('a stream that is read to its end, that breaks and that is left says so', async () => {
  const ends = await Promise.all([
    read(sources[0]!, readings['for await']!, true), read(sources[2]!, readings['a pipe']!, true), read(sources[1]!, readings['for await, left after one']!, true),
  ])
  expect(ends.map(({ told }) => told.find((one) => one !== 'item'))).toEqual(['done', 'failed RangeError: it broke', 'left'])
})
