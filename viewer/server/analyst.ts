import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Job, ResultOf } from './jobs.ts'

/** The server itself needs none of it. */
const perform = async (job: Job): Promise<unknown> => await (await import('./perform.ts')).perform(job)

/** What a thread is told that it is. This module is its entry, wherever bundling has put it. */
const THREAD = 'spanwise-analyst'

interface Asked {
  readonly id: number
  readonly job: Job
}

type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string })

if (!isMainThread && workerData === THREAD) {
  parentPort!.on('message', ({ id, job }: Asked) => {
    perform(job).then(
      (result) => parentPort!.postMessage({ id, result } satisfies Answer, []),
      (error: unknown) => parentPort!.postMessage({ id, error: messageOf(error) } satisfies Answer, []),
    )
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

interface Waiting extends Asked {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface LaneOptions {
  readonly inThread: boolean
  /** What needs more is too large for it. A heap that may grow large also keeps much more garbage than one that may not. */
  readonly limits: { readonly maxOldGenerationSizeMb: number; readonly maxYoungGenerationSizeMb: number }
  /** A thread that has had nothing to do for so long ends, and gives back what it took. */
  readonly idleMs: number
}

/** For all but the largest runs. */
const LEAN = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 } as const
/** Runs that need more are too large to be shown. */
const WIDE = { maxOldGenerationSizeMb: 4_096, maxYoungGenerationSizeMb: 48 } as const
/** What is read in the lean thread; packed files are many times as large as they look. */
const LEAN_BYTES = 1_000_000
const LEAN_PACKED_BYTES = 100_000
const IDLE_MS = 30_000
const MAX_JOB_MS = 300_000

/** A thread has ended of it. */
class TooMuch extends Error {
  override readonly name: string = 'TooMuch'
}

/** One thread, which does one job after another. It begins with the first job; when it breaks, the next job gets another one. */
class Lane {
  readonly #options: LaneOptions
  readonly #queue: Waiting[] = []
  #current: Waiting | undefined
  #worker: Worker | undefined
  #timeout: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: LaneOptions) {
    this.#options = options
  }

  add(waiting: Waiting): void {
    if (this.#isClosed) return waiting.reject(new Error('the dashboard has been closed'))
    this.#queue.push(waiting)
    this.#next()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timeout)
    clearTimeout(this.#idle)
    for (const { reject } of [...(this.#current === undefined ? [] : [this.#current]), ...this.#queue.splice(0)]) reject(new Error('the dashboard has been closed'))
    this.#current = undefined
    await this.#worker?.terminate()
  }

  #next(): void {
    if (this.#current !== undefined || this.#isClosed) return
    const next = this.#current = this.#queue.shift()
    clearTimeout(this.#idle)
    if (next === undefined) {
      this.#idle = setTimeout(() => this.#end(), this.#options.idleMs).unref()
      return
    }
    const { id, job } = next
    if (!this.#options.inThread) {
      void perform(job).then((result) => this.#answered({ id, result }), (error: unknown) => this.#answered({ id, error: messageOf(error) }))
      return
    }
    this.#timeout = setTimeout(() => void this.#worker?.terminate(), MAX_JOB_MS).unref()
    this.#worker ??= this.#start()
    this.#worker.postMessage({ id, job } satisfies Asked, [])
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: THREAD, execArgv: [], resourceLimits: this.#options.limits,
    })
    const broken = (reason: Error): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      if (this.#current !== undefined) this.#ended(this.#current, reason)
    }
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', (error) => broken(new TooMuch(`it takes more than there is: ${messageOf(error)}`)))
    worker.on('exit', () => broken(new Error('it takes too long')))
    return worker
  }

  #answered(answer: Answer): void {
    const current = this.#current
    if (current?.id !== answer.id) return
    this.#ended(current, 'error' in answer ? new Error(answer.error) : undefined, 'error' in answer ? undefined : answer.result)
  }

  #ended(current: Waiting, error: Error | undefined, result?: unknown): void {
    clearTimeout(this.#timeout)
    this.#current = undefined
    if (error !== undefined) current.reject(error)
    else current.resolve(result as never)
    this.#next()
  }

  #end(): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
  }
}

/**
 * Computes beside the server: what somebody waits for in one thread, what lists need in another, and large files in a third, which
 * is there only as long as there are some.
 */
export class Analyst {
  readonly #urgent: Lane
  readonly #later: Lane
  readonly #large: Lane
  #id = 0

  /** @param inThread false: in this thread, as from sources that Node cannot start a thread with */
  constructor(inThread: boolean = !import.meta.url.endsWith('.ts')) {
    this.#urgent = new Lane({ inThread, limits: WIDE, idleMs: IDLE_MS })
    this.#later = new Lane({ inThread, limits: LEAN, idleMs: IDLE_MS })
    this.#large = new Lane({ inThread, limits: WIDE, idleMs: IDLE_MS / 10 })
  }

  /** @throws Error when it cannot be done */
  async do<J extends Job>(job: J): Promise<ResultOf<J>> {
    if (job.do !== 'summarise') return await this.#in(this.#urgent, job)
    if (job.bytes > (job.path.endsWith('.gz') ? LEAN_PACKED_BYTES : LEAN_BYTES)) return await this.#in(this.#large, job)
    try {
      return await this.#in(this.#later, job)
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error
      return await this.#in(this.#large, job)
    }
  }

  #in<J extends Job>(lane: Lane, job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => lane.add({ id: ++this.#id, job, resolve, reject }))
  }

  async close(): Promise<void> {
    await Promise.all([this.#urgent.close(), this.#later.close(), this.#large.close()])
  }
}
