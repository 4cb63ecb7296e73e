export type Fs = typeof import('node:fs')

/** Descriptors that the files of one writer hold, and may hold: the program needs the others for itself. */
export interface Slots {
  used: number
  /** Of those, how many are about to be given back. */
  closing: number
  readonly most: number
}

export interface OutboxEvents {
  readonly opened: () => void
  /** So many files are open that this one should not stay so. */
  readonly isCrowded: () => boolean
  /** What was noted for the file will never be in it. */
  readonly lost: (spans: number, reason: string) => void
  /** The system is done with something. */
  readonly settled: () => void
}

const SUFFIX = '.spanwise.jsonl'
const MAX_NAMES = 100
/** No more is noted than this while the system is busy. */
const FULL_CHARS = 1_000_000
/** The program itself may hold all descriptors for a moment. */
const MAX_TRIES = 40

/** A file that is being opened. */
interface Opening {
  n: number
  hasFolder: boolean
}

/**
 * One file that only grows, opened and written beside the program. Each write says its place in the file: so what the system
 * was still busy with when the process ends is written once more, at the same place, and nothing is there twice.
 */
export class Outbox {
  readonly #fs: Fs
  readonly #path: { readonly dir: string; readonly name: string }
  readonly #slots: Slots
  readonly #events: OutboxEvents
  #file: number | undefined
  #opening: Opening | undefined
  /** The path once the file exists; it is opened again when a late span needs it. */
  #opened: string | undefined
  #tries = 0
  #offset = 0
  #pending = ''
  #pendingSpans = 0
  #busy: Buffer | undefined
  #busySpans = 0
  #writtenSpans = 0
  #isClosing = false
  #isBroken = false

  constructor(fs: Fs, path: { readonly dir: string; readonly name: string }, slots: Slots, events: OutboxEvents) {
    this.#fs = fs
    this.#path = path
    this.#slots = slots
    this.#events = events
  }

  /** Nothing is left to write. */
  get isIdle(): boolean {
    return this.#busy === undefined && this.#pending === ''
  }

  /** Nothing more should be added for now. */
  get isFull(): boolean {
    return this.#pending.length >= FULL_CHARS
  }

  /** What it holds in memory. */
  get chars(): number {
    return this.#pending.length + (this.#busy?.length ?? 0)
  }

  /** @param spans how many of them are in these lines */
  add(lines: string, spans: number): void {
    if (this.#isBroken) return this.#events.lost(spans, '')
    this.#pending += lines
    this.#pendingSpans += spans
  }

  /** Begins to write, beside the program. */
  flush(): void {
    if (this.#busy !== undefined || this.#pending === '' || this.#opening !== undefined || this.#isBroken) return
    if (this.#file === undefined) return this.#open()
    const bytes = Buffer.from(this.#pending, 'utf8')
    this.#pending = ''
    this.#busySpans = this.#pendingSpans
    this.#pendingSpans = 0
    this.#write(this.#file, bytes)
  }

  /** Says that the file is in use: whoever tidies the folder looks at the time of its last change. */
  touch(now: number): void {
    if (this.#opened !== undefined && !this.#isBroken) this.#fs.utimes(this.#opened, now / 1_000, now / 1_000, () => {})
  }

  /** Gives the descriptor back until there is something to write. */
  rest(): void {
    if (this.isIdle) this.#closeFile()
  }

  /** Closes the file when all is written. */
  close(): void {
    this.#isClosing = true
    if (this.isIdle) this.#closeFile()
    else this.flush()
  }

  flushSync(): void {
    if (this.isIdle || this.#isBroken) return
    const bytes = Buffer.concat([this.#busy ?? Buffer.alloc(0), Buffer.from(this.#pending, 'utf8')])
    this.#busy = undefined
    this.#pending = ''
    this.#busySpans += this.#pendingSpans
    this.#pendingSpans = 0
    try {
      const file = (this.#file ??= this.#openSync())
      for (let done = 0; done < bytes.length;) done += this.#fs.writeSync(file, bytes, done, bytes.length - done, this.#offset + done)
      this.#wrote(bytes.length)
      if (this.#fs.fstatSync(file).nlink === 0) this.#fail(DELETED)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Gives up what is not written. @returns the spans in it */
  discard(): number {
    const spans = this.#pendingSpans + this.#busySpans
    this.#isBroken = true
    this.#pending = ''
    this.#busy = undefined
    this.#pendingSpans = this.#busySpans = 0
    return spans
  }

  #write(file: number, bytes: Buffer): void {
    this.#busy = bytes
    this.#fs.write(file, bytes, 0, bytes.length, this.#offset, (error, written) => {
      // At the end of the process all was written at once, this too.
      if (this.#busy !== bytes) return
      this.#busy = undefined
      if (error !== null) return this.#fail(error)
      if (written < bytes.length) {
        this.#offset += written
        return this.#write(file, bytes.subarray(written))
      }
      this.#wrote(written)
      if (this.#pending !== '') this.flush()
      else if (this.#isClosing || this.#events.isCrowded()) this.#closeFile()
      this.#events.settled()
    })
  }

  #wrote(bytes: number): void {
    this.#offset += bytes
    this.#writtenSpans += this.#busySpans
    this.#busySpans = 0
  }

  #open(): void {
    if (this.#slots.used >= this.#slots.most) return
    this.#slots.used++
    this.#isClosing = false
    this.#try((this.#opening = { n: 1, hasFolder: false }))
  }

  #try(opening: Opening): void {
    const path = this.#opened ?? this.#candidate(opening.n)
    try {
      this.#fs.open(path, this.#opened === undefined ? 'wx' : 'r+', FOR_OWNER, (error, file) => {
        if (this.#opening !== opening) return error === null ? this.#fs.close(file, () => {}) : undefined
        if (error !== null) return this.#notOpened(error, opening)
        this.#took(path, file)
        this.flush()
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #notOpened(error: NodeJS.ErrnoException, opening: Opening): void {
    const isNew = this.#opened === undefined
    if (isNew && error.code === 'EEXIST' && opening.n++ < MAX_NAMES) return this.#try(opening)
    if (isNew && error.code === 'ENOENT' && !opening.hasFolder) {
      opening.hasFolder = true
      return this.#fs.mkdir(this.#path.dir, { recursive: true }, (failed) => {
        if (this.#opening !== opening) return
        if (failed === null) this.#try(opening)
        else this.#fail(failed)
      })
    }
    if ((error.code === 'EMFILE' || error.code === 'ENFILE') && this.#tries++ < MAX_TRIES) {
      this.#opening = undefined
      this.#slots.used--
      return
    }
    this.#fail(error)
  }

  /** A file of that name that is already there stays what it is. */
  #openSync(): number {
    const begun = this.#opening
    if (begun === undefined) this.#slots.used++
    this.#opening ??= { n: 1, hasFolder: false }
    if (this.#opened !== undefined) {
      const file = this.#fs.openSync(this.#opened, 'r+')
      this.#took(this.#opened, file)
      return file
    }
    this.#fs.mkdirSync(this.#path.dir, { recursive: true })
    for (let n = 1; ; n++) {
      const path = this.#candidate(n)
      try {
        const file = this.#fs.openSync(path, 'wx', FOR_OWNER)
        this.#took(path, file)
        return file
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || n >= MAX_NAMES) throw error
        // The system had just made it for us.
        if (begun?.n === n && this.#fs.statSync(path).size === 0) {
          const file = this.#fs.openSync(path, 'r+')
          this.#took(path, file)
          return file
        }
      }
    }
  }

  #took(path: string, file: number): void {
    this.#opening = undefined
    this.#tries = 0
    this.#file = file
    if (this.#opened === undefined) this.#events.opened()
    this.#opened = path
  }

  #candidate(n: number): string {
    const { dir, name } = this.#path
    return `${dir}/${name}${n === 1 ? '' : `-${n}`}${SUFFIX}`
  }

  /** The file is given up. */
  #fail(error: unknown): void {
    this.#isBroken = true
    this.#pending = ''
    // What was written before the disk was full is there; nothing is in a file that is gone.
    const isGone = error === DELETED || (this.#opened !== undefined && codeOf(error) === 'ENOENT')
    const spans = this.#pendingSpans + this.#busySpans + (isGone ? this.#writtenSpans : 0)
    this.#pendingSpans = this.#busySpans = this.#writtenSpans = 0
    const isHeld = this.#opening !== undefined || this.#file !== undefined
    this.#opening = undefined
    if (this.#file !== undefined) this.#fs.close(this.#file, () => {})
    this.#file = undefined
    if (isHeld) this.#slots.used--
    this.#events.lost(spans, error instanceof Error ? error.message : String(error))
    this.#events.settled()
  }

  #closeFile(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    this.#slots.closing++
    this.#fs.fstat(file, (_, stats) => {
      if (stats?.nlink === 0 && !this.#isBroken) this.#fail(DELETED)
      this.#fs.close(file, () => {
        this.#slots.used--
        this.#slots.closing--
        this.#events.settled()
      })
    })
  }
}

/** Prompts may be in it: nobody else's business. */
const FOR_OWNER = 0o600
const DELETED = new Error('the file was deleted while it was written')
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code
