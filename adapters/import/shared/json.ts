import { MAX_JSON_DEPTH, parseJson } from '../../shared/otel/parse-json.ts'
import type { Source } from './importer.ts'
import type { Problems } from './json-lines.ts'

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
  if (found.length === 0) problems.add(`the file is cut, not JSON, or nested more than ${MAX_JSON_DEPTH} levels deep`)
  else for (const number of bad) problems.add(`not JSON, cut, or nested more than ${MAX_JSON_DEPTH} levels deep`, number)
  return found
}
