import { ask, DeniedError } from './client.ts'
import { EventStreamReader, keysIn, waitBefore } from './event-stream.ts'
import { Store } from './store.ts'

/** `gone`: the server does not answer; it is asked again and again. `denied`: it wants another token. */
export type Connection = 'connecting' | 'connected' | 'gone' | 'denied'

/** What has changed since the page was opened. */
export interface Changes {
  /** Goes up with each change; a part of the page that has seen a smaller one asks anew. */
  readonly version: number
  /** Of the last change; `undefined`: of anything, as after the server was away. */
  readonly keys: ReadonlySet<string> | undefined
}

export const connection = new Store<Connection>('connecting')
export const changes = new Store<Changes>({ version: 0, keys: undefined })

let retryNow: (() => void) | undefined

/** Asks at once instead of after the wait: somebody pressed the button. */
export const retry = (): void => retryNow?.()

/** Follows the server until the signal: what happens there is in {@link changes}, whether it is there in {@link connection}. */
export async function follow(signal: AbortSignal): Promise<void> {
  let failures = 0
  let wasAway = false
  while (!signal.aborted) {
    try {
      const response = await ask('api/events', { signal })
      connection.set('connected')
      // Whatever happened meanwhile was not told.
      if (wasAway) changed(undefined)
      failures = 0
      await readEvents(response)
    } catch (error) {
      if (error instanceof DeniedError) {
        connection.set('denied')
        return
      }
      failures++
    }
    if (signal.aborted) return
    wasAway = true
    // A stream may end by itself; only who cannot be reached again is gone.
    if (failures > 1) connection.set('gone')
    await wait(waitBefore(failures))
  }
}

async function readEvents(response: Response): Promise<void> {
  const events = new EventStreamReader()
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    for (const data of events.push(read.value)) {
      const keys = keysIn(data)
      if (keys !== undefined) changed(keys)
    }
  }
}

export function changed(keys: readonly string[] | undefined): void {
  changes.set({ version: changes.value.version + 1, keys: keys === undefined ? undefined : new Set(keys) })
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms)
  retryNow = () => {
    clearTimeout(timer)
    resolve()
  }
})
