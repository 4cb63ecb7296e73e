import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Profiler, type Span, type Trace } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import { scaledPause } from '../examples/replay/pause.ts'
import { supportAgentScript } from '../examples/replay/recordings.ts'
import { startReplayServer } from '../examples/replay/server.ts'
import { supportAgent } from '../examples/support-agent/agent.ts'
import { standIns } from '../examples/support-agent/services.ts'
import { recordedTicket } from '../examples/support-agent/ticket.ts'
import { decodeTrace, encodeTrace } from '../src/trace-file/index.ts'
import { checkTrace } from './laws.ts'
import { Desk } from './support/cli.ts'
import { root } from './support/source.ts'

const text = readFileSync(`${root}examples/demo-run.jsonl`, 'utf8')

/** What does not depend on the machine: all but times. */
function facts({ name, parts, spans }: Trace): unknown {
  const place = (id: string | undefined): number => spans.findIndex((span) => span.id === id)
  const span = ({ name: what, category, outcome, parentId, llm, tool }: Span) => ({
    what, category, outcome, parent: place(parentId),
    tool: tool && { name: tool.name, callId: tool.callId, issuedBy: place(tool.issuedBy) },
    llm: llm && {
      provider: llm.provider, model: llm.responseModel, usage: llm.usage, streamed: llm.streamed, chunks: llm.chunks, calls: llm.toolCalls,
      attempts: llm.attempts?.map(({ status }) => status), parts: [llm.requestParts, llm.responseParts],
    },
  })
  return { name, parts, spans: spans.map(span) }
}

/** `npm run --silent build:dev && node dist/examples/record-demo-run.js` records it again. */
describe('examples/demo-run.jsonl', () => {
  let now: Trace
  beforeAll(async () => {
    const server = await startReplayServer(supportAgentScript(), 0)
    const profiler = new Profiler({ enabled: true, sampleRate: 1, dir: false })
    await supportAgent({
      openai: wrapOpenAI(new OpenAI({ apiKey: 'recorded', baseURL: `${server.url}/v1` }), { profiler }),
      anthropic: wrapAnthropic(new Anthropic({ apiKey: 'recorded', baseURL: server.url }), { profiler }),
      profiler,
      services: standIns(scaledPause(0)),
      models: { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', embedding: 'text-embedding-3-small' },
    }, recordedTicket)
    await server.close()
    now = decodeTrace(encodeTrace(profiler.lastTrace!)).traces[0]!
  })

  test('is what Spanwise writes of it, small, and without a word that was said', () => {
    const { traces, problems } = decodeTrace(text)
    expect(problems).toEqual([])
    expect(traces).toHaveLength(1)
    checkTrace(traces[0]!)
    expect(encodeTrace(traces[0]!)).toBe(text)
    expect(text.length).toBeLessThan(30_000)
    expect(text).not.toMatch(/Seattle|San Francisco|"text":/)
    expect(traces[0]!.process).toBeUndefined()
  })

  test('is the run that the demo records today, but for the times', () => {
    expect(facts(decodeTrace(text).traces[0]!)).toEqual(facts(now))
  })
})

describe('spanwise demo', () => {
  let desk: Desk
  beforeAll(() => { desk = new Desk() })
  afterAll(() => desk.remove())

  test('prints the report, says of what it is, and what to try next', async () => {
    const { code, out, err } = await desk.say(['demo'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^A recorded run of a support agent: [^]*support-agent +\d\.\d\d s[^]*PAR001[^]*\nNext\n( {2}spanwise .*\n){3}$/)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('a format or a file of it is the document alone', async () => {
    expect(JSON.parse((await desk.say(['demo', '--json'])).out)).toMatchObject({ format: 'spanwise-analysis', run: { name: 'support-agent' } })
    expect((await desk.say(['demo', '-f', 'markdown'])).out).not.toContain('Next')
    expect(await desk.say(['demo', '-o', 'demo.chrome.json'])).toMatchObject({ code: 0, out: '', err: 'spanwise: wrote demo.chrome.json\n' })
    await desk.say(['demo', '-o', 'demo.jsonl'])
    expect(readFileSync(`${desk.cwd}/demo.jsonl`, 'utf8')).toBe(text)
  })
})
