import type { Retention, WriteStats } from './settings.ts'
import { Redactor, type ContentPolicy } from '../../trace-file/index.ts'
import type { RunRecord, SpanRecord, SpanSink } from '../recorder.ts'
import { noteError, quietly, type SelfErrors } from '../quietly.ts'
import { atExit, isExiting, notAtExit } from './at-exit.ts'
import { Outbox, type Fs, type Slots } from './outbox.ts'
import { sweep, sweepSync } from './retention.ts'
import { RunLines, type FileFacts } from './run-lines.ts'

export interface RunFilesOptions {
  readonly dir: string
  readonly policy: ContentPolicy
  readonly retention: Retention
  readonly facts: FileFacts
  readonly errors: SelfErrors
}

/** What ends is on the disk within 100 ms: half of them is for the machine. */
const FLUSH_MS = 50
/** What one turn of the event loop writes: a few milliseconds of work. */
const SPANS_PER_SLICE = 1_000
const CHARS_PER_SLICE = 128_000
const MAX_OPEN_FILES = 32
/** What may wait in memory for a disk that is slower than the program. */
const MAX_WAITING_CHARS = 64_000_000
/** What a run takes beside its spans. */
const RUN_CHARS = 2_000
/** The end of a process waits for the disk no longer. */
const EXIT_MS = 2_000
const FLUSH_MOST_MS = 10_000
const TOUCH_MS = 20_000
const SWEEP_MS = 10_000
const TOO_SLOW = 'the disk is slower than the program'

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
  /** Runs for which there was no room from the start. */
  readonly #refused = new WeakSet<RunRecord>()
  readonly #slots: Slots = { used: 0, closing: 0, most: MAX_OPEN_FILES }
  #timer: ReturnType<typeof setTimeout> | undefined
  #soon: ReturnType<typeof setImmediate> | undefined
  /** Characters that wait in memory: counted at each turn, and added to in between. */
  #waitingChars = 0
  /** So much waits that something may have to be left out soon. */
  #isPressed = false
  /** Somebody waits until the system is done with something. */
  #isHeld = false
  #waiters: (() => void)[] = []
  #files = 0
  #lostSpans = 0
  #hasWarned = false
  #touchedAt = 0
  #sweepAt = Date.now() + SWEEP_MS
  #hasSwept = false

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
      if (open === undefined) return this.#refused.has(run) ? this.#lose(1, TOO_SLOW) : undefined
      this.#runs.set(run, open)
      atExit(this.#atExit)
    }
    if (this.#waitingChars < MAX_WAITING_CHARS) this.#add(span, open.lines)
    else if (open.lines.leaveOut(span)) this.#lose(1, TOO_SLOW)
    this.#schedule()
  }

  #add(span: SpanRecord, lines: RunLines): void {
    this.#waitingChars += lines.add(span)
    if (this.#waitingChars < MAX_WAITING_CHARS / 2) return
    if (this.#isPressed) return lines.noteOpen()
    this.#isPressed = true
    for (const open of this.#runs.values()) open.lines.noteOpen()
  }

  sealed(run: RunRecord): void {
    const open = this.#runs.get(run)
    if (open === undefined) return
    quietly(this.#options.errors, () => open.lines.seal())
    this.#schedule()
  }

  /** Resolves when all there is is on the disk, or is lost, or the disk has taken ten seconds. */
  async flush(): Promise<void> {
    let isLate = false
    const deadline = setTimeout(() => {
      isLate = true
      this.#wake()
    }, FLUSH_MOST_MS)
    for (this.#flush(); this.#hasMore() && !isLate;) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    clearTimeout(deadline)
  }

  /** For the end of the process: writes all there is and waits for the disk, up to a limit. */
  #flushNow(): void {
    const { dir, retention, errors } = this.#options
    const until = performance.now() + EXIT_MS
    for (const [run, { lines, outbox }] of this.#runs) {
      quietly(errors, () => {
        do {
          if (performance.now() > until) return this.#lose(lines.discard() + outbox.discard(), `it took longer than ${EXIT_MS / 1_000} seconds`)
          outbox.add(lines.take(SPANS_PER_SLICE, CHARS_PER_SLICE), lines.takenSpans)
          outbox.flushSync()
        } while (lines.hasMore)
        this.#close(run)
      })
    }
    // A program that is soon over has not come to it.
    const fs = this.#fs
    if (this.#hasSwept || fs === undefined) return
    this.#hasSwept = true
    quietly(errors, () => sweepSync(fs, dir, retention, Date.now()))
  }

  #begin(run: RunRecord): void {
    const fs = this.#fs
    if (fs === undefined) return
    if (this.#waitingChars >= MAX_WAITING_CHARS) return void this.#refused.add(run)
    const { dir, facts } = this.#options
    const outbox = new Outbox(fs, { dir, name: fileName(run) }, this.#slots, {
      opened: () => void this.#files++,
      isCrowded: () => this.#runs.size > MAX_OPEN_FILES,
      lost: (spans, reason) => this.#lose(spans, reason),
      settled: () => {
        if (this.#isHeld) this.#flushSoon()
        this.#wake()
      },
    })
    this.#runs.set(run, { lines: new RunLines(run, facts, this.#redactor), outbox })
    if (this.#runs.size === MAX_OPEN_FILES + 1) for (const { outbox: other } of this.#runs.values()) other.rest()
    atExit(this.#atExit)
    this.#schedule()
  }

  #schedule(): void {
    if (isExiting()) this.#flushNow()
    else if (this.#timer === undefined && this.#soon === undefined) this.#timer = setTimeout(this.#flush, FLUSH_MS).unref()
  }

  #flushSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#soon ??= setImmediate(this.#flush).unref()
  }

  readonly #atExit = (): void => this.#flushNow()

  /** Writes a slice; once more while there is more. */
  readonly #flush = (): void => {
    clearTimeout(this.#timer)
    clearImmediate(this.#soon)
    this.#timer = this.#soon = undefined
    const left = { spans: SPANS_PER_SLICE, chars: CHARS_PER_SLICE }
    let waiting = 0
    let hasMore = false
    let unfinished: RunRecord | undefined
    this.#isHeld = false
    for (const [run, open] of this.#runs) {
      const { lines, outbox } = open
      try {
        if (left.spans > 0 && left.chars > 0 && lines.hasMore && !outbox.isFull) {
          this.#take(open, left)
          if (lines.hasMore) unfinished = run
        }
        outbox.flush()
        this.#close(run)
      } catch (error) {
        noteError(this.#options.errors, error)
      }
      if (!outbox.isIdle) this.#isHeld = true
      if (lines.hasMore && !outbox.isFull) hasMore = true
      waiting += RUN_CHARS + lines.weight + outbox.chars
    }
    this.#waitingChars = waiting
    this.#isPressed &&= waiting >= MAX_WAITING_CHARS / 2
    this.#letOthersGoFirst(unfinished)
    this.#touch()
    if (hasMore) this.#flushSoon()
    else if (this.#runs.size > 0) this.#schedule()
    this.#wake()
  }

  #take({ lines, outbox }: OpenRun, left: { spans: number; chars: number }): void {
    const { run } = lines
    const { clock } = run.owner
    const before = clock.now()
    const text = lines.take(left.spans, left.chars)
    outbox.add(text, lines.takenSpans)
    left.spans -= lines.takenSpans
    left.chars -= text.length
    run.overheadMs += clock.now() - before
  }

  /** A run that alone fills a slice comes last in the next. */
  #letOthersGoFirst(run: RunRecord | undefined): void {
    const open = run === undefined ? undefined : this.#runs.get(run)
    if (open === undefined) return
    this.#runs.delete(run!)
    this.#runs.set(run!, open)
  }

  #hasMore(): boolean {
    for (const { lines, outbox } of this.#runs.values()) if (lines.hasMore || lines.isDone || !outbox.isIdle) return true
    return this.#slots.closing > 0
  }

  #wake(): void {
    const waiters = this.#waiters
    if (waiters.length === 0) return
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  #close(run: RunRecord): void {
    const open = this.#runs.get(run)
    if (open === undefined || !open.lines.isDone || !open.outbox.isIdle) return
    this.#runs.delete(run)
    this.#done.set(run, open)
    open.outbox.close()
    if (this.#runs.size === 0) notAtExit(this.#atExit)
    if (!isExiting()) this.#sweep()
  }

  #touch(): void {
    const now = Date.now()
    if (Math.abs(now - this.#touchedAt) < TOUCH_MS) return
    this.#touchedAt = now
    for (const { outbox } of this.#runs.values()) outbox.touch(now)
  }

  #sweep(): void {
    const now = Date.now()
    if (now < this.#sweepAt || this.#fs === undefined) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    const { dir, retention } = this.#options
    void sweep(this.#fs, dir, retention, now).then(() => {
      this.#hasSwept = true
      // A folder that takes long to tidy is tidied less often.
      const done = Date.now()
      this.#sweepAt = done + Math.max(SWEEP_MS, SWEEPS_APART * (done - now))
    })
  }

  #lose(spans: number, reason: string): void {
    this.#lostSpans += spans
    if (this.#hasWarned) return
    this.#hasWarned = true
    const message = `runs cannot be written to ${this.#options.dir}: ${reason}. The program goes on.`
    // A warning is printed in a later turn: at the end of the process there is none.
    if (isExiting()) quietly(this.#options.errors, () => void this.#fs?.writeSync(2, `SpanwiseWarning: ${message}\n`))
    else globalThis.process?.emitWarning?.(message, 'SpanwiseWarning')
  }
}

const SWEEPS_APART = 20

/** `2026-11-01_10-20-30_0af7651916cd.spanwise.jsonl`, in UTC: sorted by name is sorted by time. */
function fileName({ startedAtEpochMs, facts }: RunRecord): string {
  const time = new Date(startedAtEpochMs).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')
  return `${time}_${facts.traceId.slice(0, 12)}`
}
