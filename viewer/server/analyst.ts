import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { TOO_LARGE, type Job, type ResultOf } from './jobs.ts'

/** The server itself needs none of it. */
const perform = async (job: Job): Promise<unknown> => await (await import('./perform.ts')).perform(job)

/** What a thread is told that it is. This module is its entry, wherever bundling has put it. */
const THREAD = 'spanwise-analyst'

interface Failure {
  readonly name: string
  readonly message: string
}

interface Asked {
  readonly id: number
  readonly job: Job
}

type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly failure: Failure })

if (!isMainThread && workerData === THREAD) {
  parentPort!.on('message', ({ id, job }: Asked) => {
    perform(job).then(
      (result) => parentPort!.postMessage({ id, result } satisfies Answer, []),
      (error: unknown) => parentPort!.postMessage({ id, failure: failureOf(error) } satisfies Answer, []),
    )
  })
}

const failureOf = (error: unknown): Failure => (error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error', message: String(error) })

interface Waiting extends Asked {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface LaneOptions {
  readonly inThread: boolean
  /** A thread that has had nothing to do for so long ends, and gives back what it took. */
  readonly idleMs: number
}

/**
 * Runs that need more are too large to be shown. A limit of the old generation may only be one that is not reached: where a single
 * text goes past it the whole process ends.
 */
const LIMITS = { maxOldGenerationSizeMb: 4_096, maxYoungGenerationSizeMb: 32 } as const
/** What is read beside all others, also unpacked; larger files go to a thread that ends when it has read them. */
const SMALL_BYTES = 2_000_000
const IDLE_MS = 30_000
const MAX_JOB_MS = 300_000

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
      void perform(job).then((result) => this.#answered({ id, result }), (error: unknown) => this.#answered({ id, failure: failureOf(error) }))
      return
    }
    this.#timeout = setTimeout(() => void this.#worker?.terminate(), MAX_JOB_MS).unref()
    this.#worker ??= this.#start()
    this.#worker.postMessage({ id, job } satisfies Asked, [])
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: THREAD, execArgv: [], resourceLimits: LIMITS,
    })
    const broken = (reason: Error): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      if (this.#current !== undefined) this.#ended(this.#current, reason)
    }
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', (error) => broken(new Error(`it takes more than there is: ${failureOf(error).message}`)))
    worker.on('exit', () => broken(new Error('it takes too long')))
    return worker
  }

  #answered(answer: Answer): void {
    const current = this.#current
    if (current?.id !== answer.id) return
    if ('failure' in answer) this.#ended(current, Object.assign(new Error(answer.failure.message), { name: answer.failure.name }))
    else this.#ended(current, undefined, answer.result)
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
    this.#urgent = new Lane({ inThread, idleMs: IDLE_MS })
    this.#later = new Lane({ inThread, idleMs: IDLE_MS })
    this.#large = new Lane({ inThread, idleMs: IDLE_MS / 10 })
  }

  /** @throws Error when it cannot be done */
  async do<J extends Job>(job: J): Promise<ResultOf<J>> {
    if (job.do !== 'summarise') return await this.#in(this.#urgent, job)
    try {
      return await this.#in(this.#later, { ...job, mostBytes: SMALL_BYTES })
    } catch (error) {
      if ((error as Error).name !== TOO_LARGE) throw error
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
