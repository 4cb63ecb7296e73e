import type { Retention, WriteStats } from './settings.ts'
import { Redactor, type ContentPolicy } from '../../trace-file/index.ts'
import type { RunRecord, SpanRecord, SpanSink } from '../recorder.ts'
import { quietly, type SelfErrors } from '../quietly.ts'
import { atExit, notAtExit } from './at-exit.ts'
import { Outbox, type Fs } from './outbox.ts'
import { sweep } from './retention.ts'
import { RunLines, type FileFacts } from './run-lines.ts'

export interface RunFilesOptions {
  readonly dir: string
  readonly policy: ContentPolicy
  readonly retention: Retention
  readonly facts: FileFacts
  readonly errors: SelfErrors
}

const FLUSH_MS = 100
/** Spans that one turn of the event loop writes: a few milliseconds of work. */
const SPANS_PER_SLICE = 1_000
const MAX_OPEN_FILES = 32
const MAX_QUEUED_SPANS = 200_000

interface OpenRun {
  readonly lines: RunLines
  readonly outbox: Outbox
}

/**
 * Writes each run into a file of its own. Recording only notes the spans; they become lines on a timer that keeps no process
 * alive, and the system writes them beside the program. At the end of the process what is left is written at once.
 */
export class RunFiles implements SpanSink {
  readonly #options: RunFilesOptions
  readonly #fs: Fs | undefined = globalThis.process?.getBuiltinModule?.('node:fs')
  readonly #redactor: Redactor
  readonly #runs = new Map<RunRecord, OpenRun>()
  /** Runs that are written, while spans of theirs may still end. */
  readonly #done = new WeakMap<RunRecord, OpenRun>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #queued = 0
  #files = 0
  #lostSpans = 0
  #hasWarned = false
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(options: RunFilesOptions) {
    this.#options = options
    this.#redactor = new Redactor(options.policy)
  }

  get stats(): WriteStats {
    return { files: this.#files, lostSpans: this.#lostSpans }
  }

  began(run: RunRecord): void {
    quietly(this.#options.errors, () => this.#begin(run))
  }

  ended(span: SpanRecord): void {
    const { run } = span
    let open = this.#runs.get(run)
    if (open === undefined) {
      open = this.#done.get(run)
      if (open === undefined) return
      this.#runs.set(run, open)
      atExit(this.#atExit)
    }
    if (this.#queued >= MAX_QUEUED_SPANS) return this.#lose(1, 'the disk is slower than the program')
    this.#queued++
    open.lines.add(span)
    this.#schedule()
  }

  sealed(run: RunRecord): void {
    const lines = this.#runs.get(run)?.lines
    if (lines === undefined) return
    const before = lines.queued
    quietly(this.#options.errors, () => lines.seal())
    this.#queued += lines.queued - before
  }

  /** Writes all there is and waits for the disk. */
  flushNow(): void {
    for (const [run, { lines, outbox }] of this.#runs) {
      quietly(this.#options.errors, () => {
        const before = lines.queued
        outbox.add(lines.take(Number.POSITIVE_INFINITY), before)
        this.#queued -= before
        outbox.flushSync()
        this.#close(run)
      })
    }
  }

  #begin(run: RunRecord): void {
    const fs = this.#fs
    if (fs === undefined) return
    const { dir, facts } = this.#options
    const path = { dir, name: fileName(run) }
    const outbox = new Outbox(fs, path, {
      opened: () => void this.#files++,
      // The program needs its descriptors for itself.
      isCrowded: () => this.#runs.size > MAX_OPEN_FILES,
      lost: (spans, reason) => this.#lose(spans, reason),
    })
    this.#runs.set(run, { lines: new RunLines(run, facts, this.#redactor), outbox })
    atExit(this.#atExit)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(this.#flush, FLUSH_MS).unref()
  }

  readonly #atExit = (): void => this.flushNow()

  /** Once more while there is more than a slice. */
  readonly #flush = (): void => {
    this.#timer = undefined
    let left = SPANS_PER_SLICE
    for (const [run, open] of this.#runs) {
      if (left <= 0) break
      quietly(this.#options.errors, () => {
        left -= this.#take(open, left)
        this.#close(run)
      })
    }
    if (this.#queued > 0) setImmediate(this.#flush).unref()
    else if (this.#runs.size > 0) this.#schedule()
  }

  #take({ lines, outbox }: OpenRun, most: number): number {
    const { run } = lines
    const { clock } = run.owner
    const before = clock.now()
    const waiting = lines.queued
    const count = Math.min(waiting, most)
    outbox.add(lines.take(most), count)
    this.#queued -= waiting - lines.queued
    outbox.flush()
    run.overheadMs += clock.now() - before
    return count
  }

  #close(run: RunRecord): void {
    const open = this.#runs.get(run)
    if (open === undefined || !open.lines.isDone || !open.outbox.isIdle) return
    this.#runs.delete(run)
    this.#done.set(run, open)
    open.outbox.close()
    if (this.#runs.size === 0) notAtExit(this.#atExit)
    this.#sweep()
  }

  #sweep(): void {
    const now = Date.now()
    if (now - this.#sweptAt < SWEEP_MS || this.#fs === undefined) return
    this.#sweptAt = now
    void sweep(this.#fs, this.#options.dir, this.#options.retention, now)
  }

  #lose(spans: number, reason: string): void {
    this.#lostSpans += spans
    if (this.#hasWarned) return
    this.#hasWarned = true
    globalThis.process?.emitWarning?.(`runs cannot be written to ${this.#options.dir}: ${reason}. The program goes on.`, 'SpanwiseWarning')
  }
}

const SWEEP_MS = 10_000

/** `2026-11-01_10-20-30_0af7651916cd.spanwise.jsonl`, in UTC: sorted by name is sorted by time. */
function fileName({ startedAtEpochMs, facts }: RunRecord): string {
  const time = new Date(startedAtEpochMs).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')
  return `${time}_${facts.traceId.slice(0, 12)}`
}
