import type { PartList } from '../../../src/model/part-list.ts'
import { partsOf } from '../../shared/claude-code/messages.ts'
import { fields, text } from '../../shared/json.ts'
import { History } from '../shared/history.ts'
import type { PartTable } from '../shared/parts.ts'
import type { Entry } from './entries.ts'

const partsOfEntry = ({ kind, row }: Entry): ReturnType<typeof partsOf> => partsOf(fields(row['message']), kind === 'assistant' ? 'assistant' : 'user')

/** What an answer was given and what it said, as parts of the session. */
export interface Exchange {
  readonly request: PartList | undefined
  readonly response: readonly number[]
}

/**
 * The requests of one thread, from its lines in order of time. The API is sent an answer's blocks before the results of its tools, which
 * stand in the file where they arrived, so the lines between two requests are put into that order. A summary begins the conversation
 * anew. A prompt that follows an earlier line than the last answer's goes on from there: the program took back what came after.
 */
export class Requests {
  readonly #table: PartTable
  readonly #history: History
  readonly #exchanges = new Map<string, { request: PartList | undefined; response: number[] }>()
  #said: Entry[] = []
  #given: Entry[] = []
  /** Where the conversation stood after the lines before each answer, by their ids; and where the last one began. */
  readonly #lengths = new Map<string, number>()
  #uncounted: string[] = []

  constructor(table: PartTable) {
    this.#table = table
    this.#history = new History(table)
  }

  /** @param isPrompt the line is what the user said, and not a result or a note */
  line(entry: Entry, isPrompt: boolean): void {
    if (entry.kind === 'compaction' || entry.row['isCompactSummary'] === true) this.#restart()
    if (entry.kind === 'user') {
      if (isPrompt) this.#rewind(text(entry.row['parentUuid']))
      this.#given.push(entry)
    }
    if (entry.kind === 'assistant') this.#answer(entry)
    const uuid = text(entry.row['uuid'])
    if (uuid !== undefined) this.#uncounted.push(uuid)
  }

  of(answer: string): Exchange | undefined {
    return this.#exchanges.get(answer)
  }

  #answer(entry: Entry): void {
    // What the program wrote in the model's name was never sent.
    if (entry.row['isApiErrorMessage'] === true) return
    let exchange = this.#exchanges.get(entry.answer)
    if (exchange === undefined) {
      this.#settle()
      exchange = { request: this.#history.request(), response: [] }
      this.#exchanges.set(entry.answer, exchange)
    }
    for (const index of this.#table.indexes(partsOfEntry(entry))) exchange.response.push(index)
    this.#said.push(entry)
  }

  /** Takes what was said since the last request into the conversation. */
  #settle(): void {
    this.#history.add(this.#said.flatMap(partsOfEntry))
    const answered = this.#history.length
    this.#history.add(this.#given.flatMap(partsOfEntry))
    const isAnswer = new Set(this.#said.map(({ row }) => text(row['uuid'])))
    for (const uuid of this.#uncounted) this.#lengths.set(uuid, isAnswer.has(uuid) ? answered : this.#history.length)
    this.#said = []
    this.#given = []
    this.#uncounted = []
  }

  /** Only to before the last request: what stands after that may have been written in any order. */
  #rewind(parent: string | undefined): void {
    const length = parent === undefined ? undefined : this.#lengths.get(parent)
    if (length === undefined || this.#said.length === 0) return
    this.#settle()
    this.#history.rewind(length)
  }

  #restart(): void {
    this.#said = []
    this.#given = []
    this.#uncounted = []
    this.#lengths.clear()
    this.#history.clear()
  }
}
