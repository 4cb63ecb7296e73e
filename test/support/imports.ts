import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { importTraces, sampleOf } from '../../adapters/import/index.ts'
import type { Importer, ImportResult, Source } from '../../adapters/import/shared/importer.ts'
import { analyze } from '../../src/analyze/index.ts'
import type { Trace } from '../../src/model/span.ts'
import { checkAnalysis, checkTrace } from '../laws.ts'
import { root } from './source.ts'

const folder = `${root}test/fixtures/import/`

/** A fixture below test/fixtures/import, unpacked when it is packed. */
export function fixture(path: string): Source {
  const bytes = readFileSync(folder + path)
  return { name: path, text: (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') }
}

/** The fixtures in a folder. */
export const fixtures = (name: string): string[] =>
  readdirSync(folder + name).filter((file) => !file.endsWith('.md')).sort().map((file) => `${name}/${file}`)

/** What is true of every import: the model's laws hold, the analysis works, and the name says nothing. */
export function checkImport(result: ImportResult): readonly Trace[] {
  for (const trace of result.traces) {
    checkTrace(trace)
    checkAnalysis(analyze(trace))
    if (trace.spans.length < 10_000) expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
  }
  for (const { message, line } of result.problems) {
    expect(message).not.toBe('')
    expect(line === undefined || line > 0).toBe(true)
  }
  return result.traces
}

/** Recognised by its content, and by one importer alone. */
export function checkDetection(importer: Importer, { text }: Source): void {
  expect(importer.detect(sampleOf(text))).toBe(true)
  expect(importTraces({ name: 'x', text }).format).toBe(importer.name)
}

/** No beginning of a file makes a reader throw or break a law. `count` beginnings, evenly spread. */
export function checkPrefixes(importer: Importer, { name, text }: Source, count: number): void {
  for (let i = 0; i <= count; i++) {
    const cut = text.slice(0, Math.floor((text.length * i) / count))
    importer.detect(sampleOf(cut))
    for (const trace of importer.read({ name, text: cut }).traces) checkTrace(trace)
  }
}

/** The spans as an indented tree: name, start and end in the unit given, and how it ended when not well. */
export function tree({ spans }: Trace, unitNs: number): string {
  const lines: string[] = []
  const below = (parent: string | undefined, indent: string): void => {
    for (const span of spans.filter(({ parentId }) => parentId === parent)) {
      const end = span.end === undefined ? '' : span.end / unitNs
      const state = span.outcome.state === 'ok' ? '' : ` ${span.outcome.state}`
      lines.push(`${indent}${span.name} ${span.start / unitNs}-${end}${state}${span.late ? ' late' : ''}`)
      below(span.id, `${indent}  `)
    }
  }
  below(undefined, '')
  return lines.join('\n')
}
