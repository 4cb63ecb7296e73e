import { writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { analyze } from 'spanwise'
import { renderText } from '../../reports/text.ts'
import { renderMarkdown } from '../../reports/markdown.ts'
import { draw } from '../draw.ts'
import { withValues } from '../support/valued.ts'
import { CLAUDE, recordedTurns, traceOf, type Said, type Turn } from '../support/cached-conversation.ts'
const turns = recordedTurns('claude-sonnet-4-5-20250929')
const from = (list: readonly Turn[], first: number, change: (r: readonly Said[], at: number) => readonly Said[]): Turn[] =>
  list.map((turn, at) => (at < first ? turn : { ...turn, request: change(turn.request, at) }))
test('look', () => {
  const stamped = turns.map((turn, at) => ({ ...turn, request: turn.request.map((s) => (s.kind === 'system' ? { ...s, text: `Time ${at >> 1}. ${s.text}` } : s)) }))
  const moved = from(stamped, 6, (r) => [r[1]!, r[0]!, ...r.slice(2)])
  let out = renderText(analyze(traceOf(moved, CLAUDE)))
  out += '\n\n=====\n' + renderMarkdown(analyze(traceOf(moved, CLAUDE)))
  const deps = analyze(withValues(`
    agent 0-1000
      find_order 10-200 tool
      weather 210-400 tool
      refund 410-600 tool
      fetch_rates 610-900 retrieval
  `, { find_order: { known: 5 }, weather: { known: 6 }, refund: { known: 205, from: ['find_order'], shares: ['find_order'] }, fetch_rates: { known: 5 } }))
  out += '\n\n=====\n' + renderText(deps) + '\n\n=====\n' + renderMarkdown(deps)
  const lines = Array.from({ length: 40 }, (_, i) => {
    const tokens = 1000 + i * 900
    const first = 300 + Math.round(tokens * 0.08) + (i % 3) * 20
    const start = i * 5000
    return `  gpt-${i} ${start}-${start + first + 700} llm model=gpt-4.1-2025-04-14 in=${tokens} cached=0 out=90 first=${start + first} last=${start + first + 690} attempts=${start + 3}-${start + first + 700}:200`
  })
  out += '\n\n=====\n' + renderText(analyze(draw(['agent 0-210000', ...lines].join('\n'))))
  writeFileSync('/tmp/look4.txt', out)
})
