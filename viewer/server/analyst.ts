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

/** Runs that need more are too large to be shown. */
const THREAD_HEAP_MB = 4_096
const MAX_JOB_MS = 300_000

/** One thread, which does one job after another. It begins with the first job; when it breaks, the next job gets another one. */
class Lane {
  readonly #inThread: boolean
  readonly #queue: Waiting[] = []
  #current: Waiting | undefined
  #worker: Worker | undefined
  #timeout: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(inThread: boolean) {
    this.#inThread = inThread
  }

  add(waiting: Waiting): void {
    if (this.#isClosed) return waiting.reject(new Error('the dashboard has been closed'))
    this.#queue.push(waiting)
    this.#next()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timeout)
    for (const { reject } of [...(this.#current === undefined ? [] : [this.#current]), ...this.#queue.splice(0)]) reject(new Error('the dashboard has been closed'))
    this.#current = undefined
    await this.#worker?.terminate()
  }

  #next(): void {
    if (this.#current !== undefined || this.#isClosed) return
    const next = this.#current = this.#queue.shift()
    if (next === undefined) return
    const { id, job } = next
    if (!this.#inThread) {
      void perform(job).then((result) => this.#answered({ id, result }), (error: unknown) => this.#answered({ id, error: messageOf(error) }))
      return
    }
    this.#timeout = setTimeout(() => void this.#worker?.terminate(), MAX_JOB_MS).unref()
    this.#worker ??= this.#start()
    this.#worker.postMessage({ id, job } satisfies Asked, [])
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: THREAD, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
    })
    const broken = (message: string): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      if (this.#current !== undefined) this.#answered({ id: this.#current.id, error: message })
    }
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', (error) => broken(`it takes more than there is: ${messageOf(error)}`))
    worker.on('exit', () => broken('it takes too long'))
    return worker
  }

  #answered(answer: Answer): void {
    const current = this.#current
    if (current?.id !== answer.id) return
    clearTimeout(this.#timeout)
    this.#current = undefined
    if ('error' in answer) current.reject(new Error(answer.error))
    else current.resolve(answer.result as never)
    this.#next()
  }
}

/** Computes beside the server: what somebody waits for in one thread, what lists need in another. */
export class Analyst {
  readonly #urgent: Lane
  readonly #later: Lane
  #id = 0

  /** @param inThread false: in this thread, as from sources that Node cannot start a thread with */
  constructor(inThread: boolean = !import.meta.url.endsWith('.ts')) {
    this.#urgent = new Lane(inThread)
    this.#later = new Lane(inThread)
  }

  /** @throws Error when it cannot be done */
  do<J extends Job>(job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      const lane = job.do === 'summarise' ? this.#later : this.#urgent
      lane.add({ id: ++this.#id, job, resolve, reject })
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#urgent.close(), this.#later.close()])
  }
}
