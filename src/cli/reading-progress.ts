import { cleanName, fit } from '../../reports/shared/text.ts'
import type { Io } from './command.ts'
import { sizeText } from './limits.ts'

/** Smaller files are read before anybody could wonder. */
const LONG_BYTES = 16 * 1024 * 1024
const MANY_FILES = 3

/** One line at the end of standard error while long work goes on; nothing when that is no terminal. */
export class Progress {
  readonly #io: Pick<Io, 'err' | 'errorTerminal'>
  #shown = ''
  #where = ''
  #size: number | undefined
  #read = 0
  #isLong = false

  constructor(io: Pick<Io, 'err' | 'errorTerminal'>) {
    this.#io = io
  }

  /** @param size its bytes, where they are known */
  file(name: string, at: number, all: number, size?: number): void {
    this.#where = all > 1 ? `reading ${at + 1} of ${all}: ${name}` : `reading ${name}`
    this.#size = size
    this.#read = 0
    this.#isLong = all >= MANY_FILES || (size ?? 0) >= LONG_BYTES
    if (this.#isLong) this.#show(0)
  }

  bytes(more: number): void {
    this.#read += more
    if (this.#isLong || this.#read >= LONG_BYTES) this.#show(this.#read)
  }

  /** What is done after the reading. */
  step(text: string): void {
    this.#print(text)
  }

  clear(): void {
    if (this.#shown === '') return
    this.#io.err(`\r${' '.repeat(this.#shown.length)}\r`)
    this.#shown = ''
  }

  #show(read: number): void {
    const done = this.#size === undefined || this.#size === 0 ? sizeText(read) : `${Math.min(100, Math.floor((read / this.#size) * 100))} %`
    this.#print(`${this.#where}  ${done}`)
  }

  #print(text: string): void {
    const { isTerminal, width } = this.#io.errorTerminal
    if (!isTerminal) return
    // A line that wraps could not be taken back.
    const line = fit(cleanName(text), Math.min(width, 120) - 1)
    if (line === this.#shown) return
    this.#io.err(`\r${line}${' '.repeat(Math.max(0, this.#shown.length - line.length))}`)
    this.#shown = line
  }
}
