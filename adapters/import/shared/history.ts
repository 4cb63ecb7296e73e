import { lengthOf, partList, type PartList } from '../../../src/model/part-list.ts'
import type { PartDraft } from '../../shared/otel/messages.ts'
import type { PartTable } from './parts.ts'

/**
 * A conversation as a transcript tells it, message by message: what its next request repeats. Each request is a list that goes on from
 * the one before, so that a conversation takes its own length and not the square of it.
 */
export class History {
  readonly #table: PartTable
  #sent: PartList = partList([])
  #since: number[] = []

  constructor(table: PartTable) {
    this.#table = table
  }

  /** How many parts a request would have. */
  get length(): number {
    return lengthOf(this.#sent) + this.#since.length
  }

  /** @returns the parts' indexes */
  add(drafts: readonly PartDraft[]): readonly number[] {
    const indexes = this.#table.indexes(drafts)
    for (const index of indexes) this.#since.push(index)
    return indexes
  }

  /** The parts of a request that is sent now; undefined when nothing was said. */
  request(): PartList | undefined {
    if (this.#since.length > 0) {
      this.#sent = partList(this.#since, this.#sent, lengthOf(this.#sent))
      this.#since = []
    }
    return lengthOf(this.#sent) === 0 ? undefined : this.#sent
  }

  /** Takes back all but so many parts: the conversation goes on from there. */
  rewind(length: number): void {
    if (length >= this.length) return
    this.request()
    this.#sent = partList([], this.#sent, length)
  }

  /** Begins anew, as after a compaction. */
  clear(): void {
    this.#sent = partList([])
    this.#since = []
  }
}
