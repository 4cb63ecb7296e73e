import { fields, list, type Fields } from '../../shared/json.ts'
import type { ImportProblem, Source } from './importer.ts'

/** One row of a file of JSON lines. */
export interface Row {
  /** 1-based. */
  readonly line: number
  readonly row: Fields
}

const MAX_PROBLEMS = 100

interface Said {
  readonly list: ImportProblem[]
  unsaid: number
}

/** Says what was wrong with a file, and not ten thousand times. */
export class Problems {
  readonly #said: Said
  readonly #source: string | undefined

  constructor(said: Said = { list: [], unsaid: 0 }, source?: string) {
    this.#said = said
    this.#source = source
  }

  /** The same list, for what is wrong with one of several sources. */
  of(source: string): Problems {
    return new Problems(this.#said, source)
  }

  add(message: string, line?: number): void {
    this.#say({ ...(line !== undefined && { line }), message })
  }

  /** Something to know that is no failure. */
  note(message: string, line?: number): void {
    this.#say({ ...(line !== undefined && { line }), message, severity: 'note' })
  }

  #say(problem: ImportProblem): void {
    const { list } = this.#said
    if (list.length < MAX_PROBLEMS) list.push(this.#source === undefined ? problem : { ...problem, source: this.#source })
    else if (problem.severity !== 'note') this.#said.unsaid++
  }

  all(): readonly ImportProblem[] {
    const { list, unsaid } = this.#said
    return unsaid === 0 ? list : [...list, { message: `and ${unsaid} more problems of the kinds above` }]
  }
}

/** The objects of a file of JSON lines. A line that is none is a problem; an empty one is nothing. */
export function readRows({ text }: Source, problems: Problems): Row[] {
  const rows: Row[] = []
  let line = 0
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from)
    const to = newline === -1 ? text.length : newline
    line++
    const one = text.slice(from, to).trim()
    from = to + 1
    if (one === '' || one === '\uFEFF') continue
    const row = parsed(one, line, to === text.length, problems)
    if (row !== undefined) rows.push({ line, row })
  }
  return rows
}

function parsed(text: string, line: number, isLast: boolean, problems: Problems): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
    const row = Array.isArray(value) ? undefined : fields(value)
    if (row === undefined) problems.add('expected an object', line)
    return row
  } catch {
    problems.add(isLast ? 'the last line is cut or not JSON' : 'not JSON', line)
    return undefined
  }
}

/** The objects among the first lines of a sample; its last line may be cut. */
export function sampleRows(text: string, limit = 50): Fields[] {
  const rows: Fields[] = []
  for (const line of text.split('\n', limit)) {
    if (!line.startsWith('{') && !line.startsWith('\uFEFF{')) continue
    try {
      rows.push(JSON.parse(line.replace(/^\uFEFF/, '')) as Fields)
    } catch {
      // Cut by the sample's end, or not JSON: it tells nothing.
    }
  }
  return rows
}

/** The objects in a list. */
export function objects(value: unknown): Fields[] {
  const found: Fields[] = []
  for (const item of list(value)) {
    const object = fields(item)
    if (object !== undefined) found.push(object)
  }
  return found
}

/** Epoch milliseconds of an ISO 8601 time. */
export function epochMs(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}
