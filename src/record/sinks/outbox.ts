export type Fs = typeof import('node:fs')

export interface OutboxEvents {
  readonly opened: () => void
  /** So many files are open that this one should not stay so. */
  readonly isCrowded: () => boolean
  /** What was noted for the file will never be in it. */
  readonly lost: (spans: number, reason: string) => void
}

export const SUFFIX = '.spanwise.jsonl'
const MAX_NAMES = 100

/**
 * One file that only grows. Each write says its place in the file: so what the system was still busy with when the process
 * ends is written once more, at the same place, and nothing is there twice.
 */
export class Outbox {
  readonly #fs: Fs
  readonly #path: { readonly dir: string; readonly name: string }
  readonly #events: OutboxEvents
  #file: number | undefined
  /** The path once the file exists; it is opened again when a late span needs it. */
  #opened: string | undefined
  #offset = 0
  #pending = ''
  #pendingSpans = 0
  #busy: Buffer | undefined
  #busySpans = 0
  #isClosing = false
  #isBroken = false

  constructor(fs: Fs, path: { readonly dir: string; readonly name: string }, events: OutboxEvents) {
    this.#fs = fs
    this.#path = path
    this.#events = events
  }

  /** Nothing is left to write. */
  get isIdle(): boolean {
    return this.#busy === undefined && this.#pending === ''
  }

  /** @param spans how many of them are in these lines */
  add(lines: string, spans: number): void {
    if (this.#isBroken) return this.#events.lost(spans, '')
    this.#pending += lines
    this.#pendingSpans += spans
  }

  /** Begins to write, beside the program. */
  flush(): void {
    if (this.#busy !== undefined || this.#pending === '' || !this.#open()) return
    const bytes = Buffer.from(this.#pending, 'utf8')
    this.#pending = ''
    this.#busySpans = this.#pendingSpans
    this.#pendingSpans = 0
    this.#write(bytes)
  }

  #write(bytes: Buffer): void {
    this.#busy = bytes
    this.#fs.write(this.#file!, bytes, 0, bytes.length, this.#offset, (error, written) => {
      // At the end of the process all was written at once, this too.
      if (this.#busy !== bytes) return
      this.#busy = undefined
      if (error !== null) return this.#fail(error)
      this.#offset += written
      if (written < bytes.length) return this.#write(bytes.subarray(written))
      if (this.#pending !== '') this.flush()
      else if (this.#isClosing || this.#events.isCrowded()) this.#closeFile()
    })
  }

  flushSync(): void {
    if (this.isIdle || !this.#open()) return
    const bytes = Buffer.concat([this.#busy ?? Buffer.alloc(0), Buffer.from(this.#pending, 'utf8')])
    this.#busy = undefined
    this.#pending = ''
    this.#busySpans += this.#pendingSpans
    this.#pendingSpans = 0
    try {
      let done = 0
      while (done < bytes.length) done += this.#fs.writeSync(this.#file!, bytes, done, bytes.length - done, this.#offset + done)
      this.#offset += bytes.length
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Closes the file when all is written. */
  close(): void {
    this.#isClosing = true
    if (this.isIdle) this.#closeFile()
    else this.flush()
  }

  #open(): boolean {
    if (this.#isBroken) return false
    if (this.#file !== undefined) return true
    this.#isClosing = false
    try {
      this.#file = this.#opened === undefined ? this.#create() : this.#fs.openSync(this.#opened, 'r+')
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** A file of that name that is already there stays what it is. */
  #create(): number {
    const { dir, name } = this.#path
    this.#fs.mkdirSync(dir, { recursive: true })
    for (let n = 1; ; n++) {
      const path = `${dir}/${name}${n === 1 ? '' : `-${n}`}${SUFFIX}`
      try {
        // Prompts may be in it: nobody else's business.
        const file = this.#fs.openSync(path, 'wx', 0o600)
        this.#opened = path
        this.#events.opened()
        return file
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EEXIST' || n >= MAX_NAMES) throw error
      }
    }
  }

  #fail(error: unknown): void {
    this.#isBroken = true
    this.#pending = ''
    const spans = this.#pendingSpans + this.#busySpans
    this.#pendingSpans = this.#busySpans = 0
    this.#closeFile()
    this.#events.lost(spans, error instanceof Error ? error.message : String(error))
  }

  #closeFile(): void {
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) this.#fs.close(file, () => {})
  }
}
