import type { Problems } from './json-lines.ts'
import type { Source } from './importer.ts'

/** Deeper data is no trace: what walks it may recurse. */
const MAX_DEPTH = 128

/** @returns undefined when the text is not JSON, or nested too deeply */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isShallow(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isShallow(root: unknown): boolean {
  const left: { readonly value: object; readonly depth: number }[] = []
  const see = (value: unknown, depth: number): boolean => {
    if (typeof value === 'object' && value !== null) left.push({ value, depth })
    return depth <= MAX_DEPTH
  }
  see(root, 0)
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    for (const value of Object.values(one.value)) if (!see(value, one.depth + 1)) return false
  }
  return true
}

export interface Document {
  readonly value: unknown
  /** From 1; absent when the file is one document. */
  readonly line?: number
}

/** The file as one JSON document, or as one a line. What is neither is a problem. */
export function readDocuments({ text }: Source, problems: Problems): Document[] {
  const whole = parseJson(text.replace(/^\uFEFF/, ''))
  if (whole !== undefined) return [{ value: whole }]
  const found: Document[] = []
  const bad: number[] = []
  let line = 0
  for (const one of text.split('\n')) {
    line++
    const trimmed = one.trim().replace(/^\uFEFF/, '')
    if (trimmed === '') continue
    const value = parseJson(trimmed)
    if (value === undefined) bad.push(line)
    else if (typeof value === 'object') found.push({ value, line })
  }
  if (found.length === 0) problems.add(`the file is cut, not JSON, or nested more than ${MAX_DEPTH} levels deep`)
  else for (const number of bad) problems.add(`not JSON, cut, or nested more than ${MAX_DEPTH} levels deep`, number)
  return found
}
