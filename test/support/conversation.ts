import type { Span, Trace } from '../../src/model/span.ts'

const id = (n: number): string => n.toString(16).padStart(16, '0')

/**
 * An agent whose every call sends all that was said so far. Of several agents each has a conversation of its own, beside
 * the others, below the same ten parts of instructions.
 */
export function conversation(turns: number, agents = 1): Trace {
  const traceId = 'c'.repeat(32)
  const parts = Array.from({ length: 10 + turns * 2 * agents }, (_, i) => ({ kind: 'user' as const, hash: id(i * 7_919 + 1), chars: i }))
  const said = Array.from({ length: agents }, () => Array.from({ length: 10 }, (_, i) => i))
  const spans: Span[] = [{ id: id(1), traceId, name: 'agent', category: 'agent', start: 0, end: turns * agents * 10 + 10, outcome: { state: 'ok' } }]
  for (let call = 0; call < turns * agents; call++) {
    const history = said[call % agents]!
    const [asked, answered] = [10 + call * 2, 11 + call * 2]
    const requestParts = [...history, asked]
    history.push(asked, answered)
    spans.push({
      id: id(call + 2), parentId: id(1), traceId, name: 'gpt-5', category: 'llm', start: call * 10, end: call * 10 + 5, outcome: { state: 'ok' },
      llm: { provider: 'openai', operation: 'chat', api: 'x', streamed: false, requestParts, responseParts: [answered] },
    })
  }
  return { id: traceId, name: 'agent', startedAtEpochMs: 0, spans, parts, dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0 }
}
