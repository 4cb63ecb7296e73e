import { fields, list, type Fields } from '../../shared/json.ts'
import type { ImportProblem, Source } from './importer.ts'

/** One row of a file of JSON lines. */
export interface Row {
  /** 1-based. */
  readonly line: number
  readonly row: Fields
}

const MAX_PROBLEMS = 100

/** Says what was wrong with a file, and not ten thousand times. */
export class Problems {
  readonly #list: ImportProblem[] = []
  #unsaid = 0

  add(message: string, line?: number): void {
    if (this.#list.length < MAX_PROBLEMS) this.#list.push({ ...(line !== undefined && { line }), message })
    else this.#unsaid++
  }

  all(): readonly ImportProblem[] {
    return this.#unsaid === 0 ? this.#list : [...this.#list, { message: `and ${this.#unsaid} more problems of the kinds above` }]
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
