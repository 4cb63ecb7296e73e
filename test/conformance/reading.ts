/** The ways in which cases read a stream. */

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of stream) all.push(one)
  return all
}

/** Reads until `stop` says so and gives what was read. */
export async function readUntil<T>(stream: AsyncIterable<T>, stop: (count: number) => boolean): Promise<T[]> {
  const all: T[] = []
  for await (const one of stream) {
    all.push(one)
    if (stop(all.length)) break
  }
  return all
}

export async function readText(stream: ReadableStream): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of stream) text += decoder.decode(bytes as Uint8Array, { stream: true })
  return text
}

interface Emitter {
  on(name: string, listener: (...args: unknown[]) => void): unknown
}

/** Notes which events of a helper come, in their order; several of one kind in a row once. */
export function note(helper: object, names: readonly string[]): readonly string[] {
  const seen: string[] = []
  for (const name of names) (helper as Emitter).on(name, () => seen.at(-1) !== name && seen.push(name))
  return seen
}

/** Lets everything that is ready happen. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Spans of a run, drawn: each below its root. */
export const inRun = (...lines: readonly string[]): string => ['agent agent ok', ...lines.map((line) => `  ${line}`)].join('\n')

/** What an object holds itself: name, value and whether it lists itself. */
export const ownMembers = (object: object): readonly unknown[] =>
  Object.entries(Object.getOwnPropertyDescriptors(object)).map(([name, { value, enumerable }]) => [name, value as unknown, enumerable])

/** Whether two lists of members are the same, by identity. */
export const sameMembers = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.flat().every((one, index) => one === b.flat()[index])
