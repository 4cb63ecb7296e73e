/** Reads the chunks of a body one after the other. */
export interface Chunks {
  read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown }>
  cancel(reason?: unknown): Promise<void>
}

const chunksOf = ({ body }: Response): Chunks | undefined => body?.getReader() as Chunks | undefined

/**
 * The same response; `ended` is called once its body was read to its end, or was left.
 * @param first what was read ahead of `chunks`
 */
export function watchedBody(
  response: Response, ended: (isCut: boolean) => void, first: readonly Uint8Array[] = [], chunks: Chunks | undefined = chunksOf(response),
): Response {
  if (chunks === undefined) {
    ended(false)
    return response
  }
  const waiting = [...first]
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const kept = waiting.shift()
      if (kept !== undefined) return controller.enqueue(kept)
      try {
        const read = await chunks.read()
        if (!read.done) return controller.enqueue(read.value)
        ended(false)
        controller.close()
      } catch (error) {
        ended(true)
        controller.error(error)
      }
    },
    cancel(reason) {
      ended(true)
      return chunks.cancel(reason)
    },
  })
  return new Response(body, response)
}

/** @returns what was there at once, and the rest, if there is more to wait for */
export async function readAhead(response: Response): Promise<{ readonly chunks: Uint8Array<ArrayBuffer>[]; readonly rest?: Chunks }> {
  const all = chunksOf(response)
  const chunks: Uint8Array<ArrayBuffer>[] = []
  if (all === undefined) return { chunks }
  // Two turns of the loop are enough for all that waits for nothing.
  const turns = new Promise<undefined>((resolve) => setImmediate(() => setImmediate(() => resolve(undefined))))
  for (let bytes = 0; bytes < MAX_AHEAD_BYTES;) {
    const pending = all.read()
    const read = await Promise.race([pending, turns])
    if (read === undefined) return { chunks, rest: startingWith(pending, all) }
    if (read.done) return { chunks }
    chunks.push(read.value as Uint8Array<ArrayBuffer>)
    bytes += read.value.length
  }
  return { chunks, rest: all }
}

const MAX_AHEAD_BYTES = 1_000_000

function startingWith(first: ReturnType<Chunks['read']>, rest: Chunks): Chunks {
  let next: typeof first | undefined = first
  return {
    read() {
      const read = next ?? rest.read()
      next = undefined
      return read
    },
    cancel: (reason) => rest.cancel(reason),
  }
}
