import type { Trace } from '../../model/span.ts'
import { noteError, type SelfErrors } from '../quietly.ts'
import type { FinishedRun } from '../trace.ts'
import { atExit, notAtExit } from './at-exit.ts'
import type { Fs } from './outbox.ts'

type Render = (trace: Trace) => string

/** How a Chrome trace is made: filled by the package's main entry, since recording itself must not load a report. */
export const chromeTraceRenderer: { load?: () => Promise<Render> } = {}

export interface ChromeTracesOptions {
  readonly dir: string
  readonly errors: SelfErrors
}

export const DEFAULT_CHROME_TRACE_DIR = './spanwise_profiles'

/**
 * Writes a Chrome trace after each run, one at a time and beside the program. What is left when the process ends is written
 * at once.
 */
export class ChromeTraces {
  readonly #options: ChromeTracesOptions
  readonly #fs: Fs | undefined = globalThis.process?.getBuiltinModule?.('node:fs')
  readonly #waiting: FinishedRun[] = []
  #render: Render | undefined
  #work: Promise<void> | undefined
  #hasWarned = false

  constructor(options: ChromeTracesOptions) {
    this.#options = options
    // So that it is there when the process ends right after its first run.
    this.#load().catch((error: unknown) => noteError(options.errors, error))
  }

  sealed(run: FinishedRun): void {
    if (this.#fs === undefined) return
    this.#waiting.push(run)
    if (this.#waiting.length === 1) atExit(this.#atExit)
    this.#work ??= this.#writeAll().finally(() => (this.#work = undefined))
  }

  /** Waits until all runs that have ended are written. */
  async flush(): Promise<void> {
    await this.#work
  }

  async #writeAll(): Promise<void> {
    try {
      const render = this.#render ?? (await this.#load())
      if (render === undefined) throw new Error('chromeTraceDir needs the package\'s main entry: import \'spanwise\' somewhere')
      for (let run = this.#waiting[0]; run !== undefined; run = this.#waiting[0]) {
        // The program may have been waiting for the run's end: it goes first.
        await new Promise((resolve) => setImmediate(resolve))
        await this.#write(run, render)
        if (this.#waiting[0] === run) this.#waiting.shift()
      }
    } catch (error) {
      this.#failed(error)
    }
    if (this.#waiting.length === 0) notAtExit(this.#atExit)
  }

  async #load(): Promise<Render | undefined> {
    return (this.#render = await chromeTraceRenderer.load?.())
  }

  async #write({ trace }: FinishedRun, render: Render): Promise<void> {
    const fs = this.#fs!.promises
    try {
      const text = render(trace)
      await fs.mkdir(this.#options.dir, { recursive: true })
      await fs.writeFile(this.#pathOf(trace), text, { flag: 'wx' })
    } catch (error) {
      this.#failed(error)
    }
  }

  readonly #atExit = (): void => {
    const render = this.#render
    for (const { trace } of this.#waiting.splice(0)) {
      try {
        if (render === undefined) throw new Error('the process ended before the first run could be written')
        this.#fs!.mkdirSync(this.#options.dir, { recursive: true })
        // Half of it may be there already.
        this.#fs!.writeFileSync(this.#pathOf(trace), render(trace))
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #pathOf({ startedAtEpochMs, id }: Trace): string {
    const time = new Date(startedAtEpochMs).toISOString().slice(0, 19).replace(/[-T:]/g, '_')
    return `${this.#options.dir}/run_${time}_${id.slice(0, 12)}.json`
  }

  #failed(error: unknown): void {
    const { dir, errors } = this.#options
    noteError(errors, error)
    this.#waiting.length = 0
    if (this.#hasWarned) return
    this.#hasWarned = true
    const reason = error instanceof Error ? error.message : String(error)
    globalThis.process?.emitWarning?.(`Chrome traces cannot be written to ${dir}: ${reason}. The program goes on.`, 'SpanwiseWarning')
  }
}
