import { writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { analyze } from 'spanwise'
import { renderText } from '../../reports/text.ts'
import { renderMarkdown } from '../../reports/markdown.ts'
import { draw } from '../draw.ts'
import { CLAUDE, recordedTurns, traceOf, type Said, type Turn } from '../support/cached-conversation.ts'
import { goldenAnalysis } from '../support/golden-run.ts'
const turns = recordedTurns('claude-sonnet-4-5-20250929')
test('look', () => {
    const said = '<script>x</script>'
    const rename = (one: Said): Said => (one.name === undefined && one.kind !== 'tool-result' ? one : { ...one, name: said })
    const list = turns.map((turn, at): Turn => ({ ...turn, model: said, request: (at > 4 ? turn.request.slice(1) : turn.request).map(rename) }))
  writeFileSync('/tmp/look5.txt', renderMarkdown(analyze(traceOf(list, CLAUDE))) + '\n\n' + renderText(analyze(traceOf(turns, CLAUDE))) + '\n\n'+ renderText(goldenAnalysis)
  + JSON.stringify(analyze(draw(`
    agent 0-3000
      plan 0-1000 llm model=gpt-4.1 in=1000 cached=0 out=51 first=600 last=900 attempts=10-110:429,210-900:200 asks=look#c1
      look 1000-1100 tool call=c1 by=plan
      answer 1400-2600 llm model=gpt-4.1 in=2000 cached=0 out=101 first=1900 last=2500 attempts=1410-2500:200 carries=c1
  `)).calls, null, 1))
})
