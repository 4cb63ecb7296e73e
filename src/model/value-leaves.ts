export interface Leaves {
  /** What the fields of JSON hold, as texts; of any other text, the text. */
  readonly values: readonly string[]
  /** Names of fields that may be values themselves. */
  readonly names: readonly string[]
  readonly hasNull: boolean
}

const MAX_DEPTH = 32
/** What no parameter is called. */
const VALUE_LIKE = /[\d\s@/:]|[^\0-\x7f]/

/**
 * The values of JSON. The names of its outermost fields are the tool's parameters, which its definition gives; inside, an object
 * may be a table whose names are values.
 */
export function leavesOf(text: string): Leaves {
  const whole: Leaves = { values: text.trim() === '' ? [] : [text], names: [], hasNull: false }
  const first = text.trimStart()[0]
  if (first !== '{' && first !== '[') return whole
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return whole
  }
  const values: string[] = []
  const names: string[] = []
  let hasNull = false
  const collect = (node: unknown, depth: number, objects: number): boolean => {
    if (node === null) hasNull = true
    else if (typeof node !== 'object') values.push(String(node))
    else if (depth >= MAX_DEPTH) return false
    else if (Array.isArray(node)) return node.every((child) => collect(child, depth + 1, objects))
    else {
      return Object.entries(node).every(([name, child]) => {
        if (objects > 0 || VALUE_LIKE.test(name)) names.push(name)
        return collect(child, depth + 1, objects + 1)
      })
    }
    return true
  }
  return collect(value, 0, 0) ? { values, names, hasNull } : whole
}
