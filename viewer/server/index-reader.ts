import { isAscii } from 'node:buffer'
import { readLine, type IndexLine } from './index-lines.ts'
import type { RunTable } from './run-table.ts'

const NEWLINE = 10

/** Understands the lines of an index, and fills the table with what they say. */
export class IndexReader {
  /** Files that another version has summarised. */
  readonly outdated = new Set<string>()
  lines = 0
  /** Whether each line so far was understood. */
  isWhole = true
  readonly #table: RunTable
  readonly #version: number
  readonly #programVersion: string

  constructor(table: RunTable, version: number, programVersion: string) {
    this.#table = table
    this.#version = version
    this.#programVersion = programVersion
  }

  /** @param content whole lines. @returns whether what follows can be understood */
  take(content: Buffer): boolean {
    const encoding = isAscii(content) ? 'latin1' : 'utf8'
    for (let from = 0; from < content.length;) {
      const to = content.indexOf(NEWLINE, from)
      const line = readLine(content.toString(encoding, from, to), this.#table.words.all.length)
      from = to + 1
      if (line === undefined) this.isWhole = false
      else if (!this.#line(line)) {
        this.isWhole = false
        return false
      }
    }
    return true
  }

  #line(line: IndexLine): boolean {
    const isFirst = this.lines === 0
    if (isFirst && (line.says !== 'format' || line.version !== this.#version)) return false
    this.lines++
    switch (line.says) {
      case 'format': break
      case 'words': return this.#words(line.words, line.from)
      case 'gone':
        this.#table.remove(line.path)
        this.outdated.delete(line.path)
        break
      case 'file': this.#file(line)
    }
    return true
  }

  /** Some may have been said before, and then they are the same. */
  #words(more: readonly string[], from: number): boolean {
    const { words } = this.#table
    if (from > words.all.length) return false
    return more.every((word, i) => {
      if (from + i < words.all.length) return words.all[from + i] === word
      // One that has another number already would be taken for that.
      return words.number(word) === from + i
    })
  }

  #file({ file, by, runs }: Extract<IndexLine, { says: 'file' }>): void {
    const { words } = this.#table
    const isHeldElsewhere = runs.some(([key]) => (this.#table.holderOf(key) ?? file.path) !== file.path)
    try {
      if (isHeldElsewhere) throw new RangeError('two files hold one run')
      this.#table.putPacked(file, runs)
    } catch {
      // It is read again.
      this.#table.remove(file.path)
      this.isWhole = false
      return
    }
    if (words.all[by] === this.#programVersion) this.outdated.delete(file.path)
    else this.outdated.add(file.path)
  }
}
