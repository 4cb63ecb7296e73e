import type { Outcome, Trace } from '../../model/span.ts'
import { Profiler } from '../../record/profiler.ts'
import { Complaint } from '../command.ts'
import { PastClock } from './past-clock.ts'
import { recorder, type CopyLimits } from './recorder.ts'
import { Runs } from './runs.ts'
import { ProxyServer } from './server.ts'
import { isLoopback, type Upstream } from './upstreams.ts'

export interface ProxyStart {
  readonly upstreams: readonly Upstream[]
  /** Absent: the usual one, or the next that is free. 0: any. */
  readonly port?: number | undefined
  /** In which runs are written; false: nowhere. */
  readonly dir: string | false
  /** False: it forwards, and records nothing. */
  readonly isRecording: boolean
  readonly content: 'none' | 'full'
  readonly idleMs: number
  /** All that is asked is one run of this name. */
  readonly program?: string
  /** For tests. */
  readonly clock?: PastClock
  readonly after?: (ms: number, fn: () => void) => () => void
  readonly limits?: Partial<CopyLimits>
  readonly maxCalls?: number
}

export interface RunningProxy {
  readonly port: number
  readonly profiler: Profiler
  /** Connections that were passed on unseen, such as websockets. */
  readonly tunnels: () => number
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Ends what is under way and all runs, and waits until they are written. */
  stop(outcome: Outcome): Promise<void>
}

/**
 * Starts the endpoint, on the loopback interface.
 * @param told is called with each run that has ended
 * @throws Complaint when the port is taken, or an upstream is the endpoint itself
 */
export async function startProxy(start: ProxyStart, told: (trace: Trace) => void = () => {}): Promise<RunningProxy> {
  const { upstreams, port, dir, isRecording, content, idleMs, program, clock = new PastClock(), after = later, limits, maxCalls } = start
  const profiler = new Profiler({ enabled: isRecording, sampleRate: 1, dir, content, clock, maxTraces: 1 })
  profiler.on('runEnd', ({ trace }) => { if (trace !== undefined) told(trace) })
  const runs = new Runs({ profiler, clock, idleMs, after, maxCalls, ...(program !== undefined && { program }) })
  const server = new ProxyServer({ upstreams, port, watch: recorder({ profiler, clock, runs, ...(limits && { limits }) }) })
  const bound = await listening(server, port)
  const own = upstreams.find(({ url }) => isLoopback(url) && Number(url.port || 80) === bound)
  if (own !== undefined) {
    await server.stop()
    throw new Complaint(`${own.url.href} is the proxy itself`, '--port names another port')
  }
  return {
    port: bound,
    profiler,
    tunnels: () => server.tunnels,
    settled: () => runs.settled(),
    async stop(outcome) {
      await server.stop()
      await runs.settled()
      runs.end(outcome)
      await profiler.flush()
    },
  }
}

async function listening(server: ProxyServer, port: number | undefined): Promise<number> {
  try {
    return await server.start()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Complaint(code === 'EADDRINUSE' ? `port ${port} is taken by another program` : `the proxy cannot be started: ${message}`, '--port names another port')
  }
}

function later(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms).unref()
  return () => clearTimeout(timer)
}
