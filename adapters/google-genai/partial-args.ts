import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'

/**
 * Arguments of a function call that are streamed: each piece names a place, `$.items[0].name`, and a value there; texts come in
 * pieces of their own, and the last of them may be empty.
 */
export class PartialArgs {
  readonly #root: Tree = Object.create(null) as Tree
  /** The last text that came goes on in the next piece. */
  #goesOn = false

  /** What it is as JSON. */
  get text(): string {
    return jsonText(this.#root)
  }

  add(partialArgs: unknown): void {
    for (const one of list(partialArgs)) {
      const piece = fields(one)
      const steps = stepsOf(text(piece?.['jsonPath'] ?? piece?.['json_path']) ?? '')
      if (piece !== undefined && steps.length > 0) this.#put(steps, piece)
    }
  }

  #put(steps: readonly string[], piece: Fields): void {
    let place: Tree = this.#root
    for (const [i, step] of steps.slice(0, -1).entries()) {
      if (!mayHold(place, step)) return
      const next = place[step]
      // A list where the next step is a number.
      place = typeof next === 'object' && next !== null ? next : (place[step] = (isIndex(steps[i + 1]!) ? [] : Object.create(null)) as Tree)
    }
    const last = steps.at(-1)!
    if (!mayHold(place, last)) return
    const before = place[last]
    const told = text(piece['stringValue'] ?? piece['string_value'])
    place[last] = this.#goesOn && told !== undefined && typeof before === 'string' ? before + told : valueOf(piece)
    this.#goesOn = (piece['willContinue'] ?? piece['will_continue']) === true
  }
}

const mayHold = (place: Tree, step: string): boolean => !Array.isArray(place) || isIndex(step)

type Value = string | number | boolean | null | Tree
/** Without a prototype, so that no name means anything. */
interface Tree {
  [step: string]: Value
}

const MAX_STEPS = 50
const MAX_INDEX = 10_000
const isIndex = (step: string): boolean => /^\d+$/.test(step)

function stepsOf(path: string): string[] {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/g)].map((found) => found.slice(1).find((step) => step !== undefined)!)
  return steps.length > MAX_STEPS || steps.some((step) => isIndex(step) && Number(step) > MAX_INDEX) ? [] : steps
}

function valueOf(piece: Fields): Value {
  const value = piece['stringValue'] ?? piece['string_value'] ?? piece['numberValue'] ?? piece['number_value'] ?? piece['boolValue'] ?? piece['bool_value']
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
