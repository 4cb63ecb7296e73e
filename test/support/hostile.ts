import { readFileSync } from 'node:fs'
import type { Part } from '../../src/model/message.ts'
import { OK, type Attributes, type Outcome, type Span, type Trace } from '../../src/model/span.ts'
import { inputInclusive, outputInclusive } from '../../src/model/usage.ts'
import { root } from './source.ts'

const groups = JSON.parse(readFileSync(`${root}test/fixtures/hostile-strings.json`, 'utf8')) as Readonly<Record<string, readonly string[]>>

/** What users, models, tools and web pages can write to get out of their place. Those that are only long are made here. */
export const hostileStrings: readonly string[] = [
  ...Object.values(groups).flat(),
  'x'.repeat(20_000), 'word '.repeat(3_000), '字'.repeat(4_000), '<b>'.repeat(3_000), 'a\u0301'.repeat(2_000), '\u200b'.repeat(3_000), '👩‍👩‍👧‍👦'.repeat(300),
]

/** Of each kind the first few, where one page is opened for each. */
export const hostileFew: readonly string[] = [...Object.values(groups).flatMap((list) => list.slice(0, 2)), ...hostileStrings.slice(-2)]

const MS = 1e6
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')

/**
 * A run in which each string stands in every place that can hold one: names, categories, models, providers, tools, their arguments
 * and results, errors, attributes, parts, finish reasons. Its own name, service and tags are the first of them.
 */
export function hostileTrace(strings: readonly string[] = hostileStrings, id: string = 'f'.repeat(32)): Trace {
  const parts: Part[] = strings.flatMap((text, i): Part[] => [
    { kind: 'tool-definition', hash: hex(i * 4 + 1, 16), chars: text.length, name: text, text },
    { kind: 'user', hash: hex(i * 4 + 2, 16), chars: text.length, text },
    { kind: 'tool-call', hash: hex(i * 4 + 3, 16), chars: text.length, name: text, callId: text, text },
    { kind: 'tool-result', hash: hex(i * 4 + 4, 16), chars: text.length, name: text, callId: text, media: text, text },
  ])
  const first = strings[0] ?? ''
  const rootId = hex(1, 16)
  const attributesOf = (text: string): Attributes => Object.fromEntries([[text, text], ['list', [text, text]], ['code', 1]])
  const failed = (text: string, i: number): Outcome => (i % 2 === 0 ? { state: 'failed', type: text, message: text } : OK)
  const spans = strings.flatMap((text, i): Span[] => {
    const callId = hex(i * 2 + 2, 16)
    const start = i * 10 * MS
    const common = { traceId: id, parentId: rootId, outcome: failed(text, i), attributes: attributesOf(text) }
    return [
      {
        ...common, id: callId, name: text, category: 'llm', start, end: start + 5 * MS,
        llm: {
          provider: text, operation: text, api: text, requestModel: text, responseModel: text, responseId: text, serviceTier: text,
          finishReasons: [text], streamed: true, firstToken: start + 2 * MS, lastToken: start + 4 * MS,
          usage: { input: inputInclusive({ input: 100 + i, cacheRead: 50 })!, output: outputInclusive({ output: 10 })!, complete: true, source: 'provider' },
          requestParts: [i * 4, i * 4 + 1, i * 4 + 3], responseParts: [i * 4 + 2],
          toolCalls: [{ id: text, name: text, argumentsChars: text.length, arguments: text }],
          attempts: [{ start, end: start + MS, error: text, waitNs: MS }, { start: start + 2 * MS, firstByte: start + 3 * MS, end: start + 5 * MS, status: 200 }],
        },
      },
      {
        ...common, id: hex(i * 2 + 3, 16), name: text, category: text, start: start + 5 * MS, end: start + 9 * MS,
        tool: { name: text, callId: text, issuedBy: callId, arguments: text, result: text, argumentsHash: hex(i, 16), resultHash: hex(i, 16) },
      },
    ]
  })
  const rootSpan: Span = { id: rootId, traceId: id, name: first, category: 'agent', start: 0, end: strings.length * 10 * MS, outcome: { state: 'failed', type: first, message: first } }
  return {
    id, name: first, service: first, tags: Object.fromEntries(strings.slice(0, 12).map((text) => [text, text])), startedAtEpochMs: Date.UTC(2026, 10, 21),
    spans: [rootSpan, ...spans], parts, process: { pid: 1, runtime: first, platform: first }, dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
  }
}
