import { useEffect, useRef, useState } from 'preact/hooks'
import { DeniedError, GoneError } from './client.ts'
import { connection } from './live.ts'

export interface Loaded<T> {
  /** Of the last time that it worked: stays while it is asked anew, for the same or something else. */
  readonly data?: T
  /** What `data` was asked for. */
  readonly dataOf?: string
  readonly error?: string
  readonly isLoading: boolean
}

/**
 * What the server says, asked again when `what` or `version` changes. A new version waits until the answer before is there, and
 * `pauseMs` after it: a server that writes a lot is not asked more often than that.
 */
export function useLoaded<T>(what: string | undefined, load: (signal: AbortSignal) => Promise<T>, version = 0, pauseMs = 1_000): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ isLoading: what !== undefined })
  const latest = useRef({ load, version })
  latest.current = { load, version }
  const wake = useRef<() => void>(() => {})
  useEffect(() => {
    if (what === undefined) return undefined
    const stop = new AbortController()
    void keepLoading(what, stop.signal)
    return () => stop.abort()
  }, [what])
  useEffect(() => wake.current(), [version])
  return loaded

  async function keepLoading(asked: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { load: current, version: of } = latest.current
      setLoaded((before) => ({ ...before, isLoading: true }))
      try {
        const data = await current(signal)
        if (signal.aborted) return
        setLoaded({ data, dataOf: asked, isLoading: false })
      } catch (error) {
        if (signal.aborted) return
        told(error)
        setLoaded(({ error: _error, ...before }) => ({ ...before, isLoading: false, ...(isTold(error) ? {} : { error: messageOf(error) }) }))
      }
      await pause(pauseMs)
      while (!signal.aborted && latest.current.version === of) await new Promise<void>((resolve) => { wake.current = resolve })
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Said by the whole page, not by a part of it. */
const isTold = (error: unknown): boolean => error instanceof GoneError || error instanceof DeniedError

/** A server that is gone is noticed by whoever follows it. */
export function told(error: unknown): void {
  if (error instanceof DeniedError) connection.set('denied')
}
