import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Trace } from 'spanwise'
import { collectedBody, inlineSpans, laterSpans, unguessableId } from '../adapters/shared/http/spans-header.ts'
import { readCollected, readSpansHeader } from '../adapters/shared/http/spans-reader.ts'
import { draw } from './draw.ts'
import { checkTrace } from './laws.ts'
import { goldenTrace } from './support/golden-run.ts'

const small = draw(`
  search 0-100
    embed 5-20 embedding model=text-embedding-3-small op=embeddings in=12
    vector_search 20-95 retrieval
`)

test('a small run goes in the header and comes back as it was', () => {
  const value = inlineSpans(small)!
  expect(value).toMatch(/^inline [\w-]+$/)
  expect(value.length).toBeLessThan(1_000)
  const answer = readSpansHeader(value)
  expect(answer).toEqual({ kind: 'inline', trace: JSON.parse(JSON.stringify(small)) })
  if (answer?.kind === 'inline') checkTrace(answer.trace)
})

test('a run that no header could hold goes later', () => {
  const many: Trace = { ...small, spans: Array.from({ length: 5_000 }, (_, i) => ({ ...small.spans[0]!, name: `step ${Math.sin(i)}` })) }
  expect(inlineSpans(many)).toBeUndefined()
  const random: Trace = { ...small, spans: small.spans.map((span) => ({ ...span, attributes: { noise: Array.from({ length: 100 }, (_, i) => Math.sin(i)) } })) }
  expect(inlineSpans(random)?.length ?? 0).toBeLessThanOrEqual(6_000)
})

test('an id to collect a run with has 128 random bits', () => {
  const id = unguessableId()
  expect(Buffer.from(id, 'base64url')).toHaveLength(16)
  expect(unguessableId()).not.toBe(id)
  expect(readSpansHeader(laterSpans(id))).toEqual({ kind: 'later', id })
})

test('what was collected is read back', () => {
  const trace = readCollected(collectedBody(goldenTrace))!
  expect(trace.spans).toHaveLength(goldenTrace.spans.length)
  checkTrace(trace)
  expect(readCollected('')).toBeUndefined()
  expect(readCollected(collectedBody(small) + collectedBody(goldenTrace))).toBeUndefined()
})

test.each([
  undefined, null, '', 'inline', 'later', 'later ../../etc/passwd', 'later x', 'inline !!', 'inline AAAA', `inline ${gzipSync('no run').toString('base64url')}`,
  `inline ${gzipSync('[]').toString('base64url')}`, `inline ${Buffer.from('x'.repeat(6_000)).toString('base64url')}`,
  `inline ${gzipSync(Buffer.alloc(100_000_000)).toString('base64url')}`, 'INLINE AAAA', `later ${'a'.repeat(100_000)}`,
])('a header of others is none: %#', (value) => {
  expect(readSpansHeader(value)).toBeUndefined()
})

test('what is small in a header and large in memory is not unpacked', () => {
  const bomb = `inline ${gzipSync(Buffer.alloc(5_000_000)).toString('base64url')}`
  expect(bomb.length).toBeLessThan(12_000)
  expect(readSpansHeader(bomb)).toBeUndefined()
})
