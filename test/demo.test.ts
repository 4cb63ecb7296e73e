import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { analyze, Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import { scaledPause, type Pause } from '../examples/replay/pause.ts'
import { supportAgentScript, type Recording } from '../examples/replay/recordings.ts'
import { startReplayServer, type ReplayServer } from '../examples/replay/server.ts'
import { supportAgent, type Ticket } from '../examples/support-agent/agent.ts'
import { standIns } from '../examples/support-agent/services.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

const noPause = scaledPause(0)
const script = supportAgentScript()
const ticket: Ticket = {
  customerId: 'c-1042',
  question: "What's the weather in Seattle and San Francisco today?",
  chatQuestion: 'What is 6 times 7?',
}

let server: ReplayServer
beforeEach(async () => {
  server = await startReplayServer(script, 0)
})
afterEach(() => server.close())

const clients = () => ({
  openai: new OpenAI({ apiKey: 'recorded', baseURL: `${server.url}/v1` }),
  anthropic: new Anthropic({ apiKey: 'recorded', baseURL: server.url }),
})
const models = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', embedding: 'text-embedding-3-small' }

interface Outcome {
  readonly reply: string
  readonly trace: Trace
}

async function runAgent(pause: Pause = noPause, options: ProfilerOptions = {}): Promise<Outcome> {
  const profiler = new Profiler({ enabled: true, sampleRate: 1, ...options })
  const { openai, anthropic } = clients()
  const reply = await supportAgent({
    openai: wrapOpenAI(openai, { profiler }),
    anthropic: wrapAnthropic(anthropic, { profiler }),
    profiler,
    services: standIns(pause),
    models,
  }, ticket)
  return { reply, trace: profiler.lastTrace! }
}

/** One line per span, indented by depth: name, category, outcome. */
function outline({ spans }: Trace): string {
  const depth = (span: Span): number => {
    const parent = spans.find(({ id }) => id === span.parentId)
    return parent === undefined ? 0 : depth(parent) + 1
  }
  return spans.map((span) => `${'  '.repeat(depth(span))}${span.name}  ${span.category}  ${span.outcome.state}`).join('\n')
}

test('the recorded ticket, span by span', async () => {
  const { reply, trace } = await runAgent()
  checkTrace(trace)
  expect(outline(trace)).toBe(`
support-agent  agent  ok
  recall_customer  memory  ok
  search_guides  retrieval  ok
  gpt-4o-mini  llm  ok
  get_current_weather  tool  ok
  get_current_weather  tool  ok
  gpt-4o-mini  llm  ok
  gpt-4o-mini  llm  ok
  multiply  tool  ok
  gpt-4o-mini  llm  ok
  claude-haiku-4-5  llm  ok
  remember_note  memory  ok
    text-embedding-3-small  embedding  ok`.trimStart())
  expect(reply).toContain('San Francisco is warmer than New York')
  expect(server.unplayed()).toEqual([])
})

test('the 429 is an attempt of the first call, with the wait after it', async () => {
  const { trace } = await runAgent()
  const attempts = trace.spans.flatMap(({ llm }) => (llm === undefined ? [] : [llm.attempts!]))
  expect(attempts.map((all) => all.map(({ status }) => status))).toEqual([[429, 200], [200], [200], [200], [200], [200]])
  expect(attempts[0]![0]!.waitNs).toBeGreaterThan(0)
})

test('tools are tied to the answer that asked for them, by the recorded ids', async () => {
  const { trace } = await runAgent()
  const [first, , third] = trace.spans.filter(({ category }) => category === 'llm')
  expect(first!.llm!.toolCalls!.map(({ id, name }) => [id, name])).toEqual([
    ['call_vwOezSsB5j9ei1SSMlZjqx7g', 'get_current_weather'],
    ['call_LzeIYcKhHnVF60u4LmBpT1tv', 'get_current_weather'],
  ])
  const tools = trace.spans.flatMap(({ tool }) => (tool === undefined ? [] : [tool]))
  expect(tools.map(({ callId, issuedBy }) => [callId, issuedBy])).toEqual([
    ['call_vwOezSsB5j9ei1SSMlZjqx7g', first!.id],
    ['call_LzeIYcKhHnVF60u4LmBpT1tv', first!.id],
    ['call_6KQlxELWhphiY7wr0DV9WW5S', third!.id],
  ])
})

test('the two tools that one answer asked for could run together, which saves the shorter one', async () => {
  let now = 0
  const pass: Pause = async (ms) => {
    now += ms
  }
  const { trace } = await runAgent(pass, { clock: { now: () => now, epochMs: () => 0 } })
  const weather = trace.spans.filter(({ name }) => name === 'get_current_weather')
  expect(weather.map(({ parentId }) => parentId)).toEqual([trace.spans[0]!.id, trace.spans[0]!.id])
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  const finding = analysis.findings.find(({ code }) => code === 'PAR001')!
  expect(finding.spanIds).toEqual(expect.arrayContaining(weather.map(({ id }) => id)))
  expect(finding).toMatchObject({ confidence: 'proven', saving: { timeNs: 380e6 } })
})

test('usage equals what the recorded bodies say', async () => {
  const { trace } = await runAgent()
  const usages = trace.spans.flatMap(({ llm }) => (llm === undefined ? [] : [llm.usage!]))
  const told = usages.map(({ input, output }) => [input?.total, output?.total])
  const recorded = Object.values(script).flat().filter(({ status }) => status !== 429).map(recordedUsage)
  expect(told).toEqual(recorded)
})

test('streams tell their first and last token', async () => {
  const { trace } = await runAgent()
  const streamed = trace.spans.filter(({ llm }) => llm?.streamed)
  expect(streamed.map(({ name }) => name)).toEqual(['gpt-4o-mini', 'gpt-4o-mini', 'claude-haiku-4-5'])
  for (const { start, end, llm } of streamed) {
    expect(llm!.firstToken).toBeGreaterThan(start)
    expect(llm!.lastToken).toBeGreaterThanOrEqual(llm!.firstToken!)
    expect(end).toBeGreaterThanOrEqual(llm!.lastToken!)
  }
})

test('the server refuses what its script does not expect', async () => {
  const { openai } = clients()
  const ask = (stream: boolean) => openai.chat.completions.create({ model: 'm', messages: [], stream }, { maxRetries: 0 })
  await expect(ask(false)).rejects.toThrow('429')
  await expect(ask(true)).rejects.toThrow('openai-weather-tools does not answer this request: it is not a stream')
  await expect(ask(false)).rejects.toThrow(
    'this request: the result of tool call call_vwOezSsB5j9ei1SSMlZjqx7g, call_LzeIYcKhHnVF60u4LmBpT1tv is missing',
  )
  await expect(openai.models.list()).rejects.toThrow('nothing is left of the script for GET /v1/models')
})

/** Input and output as the provider's own fields say them; an embedding has no output. */
function recordedUsage({ responseBody, responseText }: Recording): readonly (number | undefined)[] {
  const text = responseText ?? JSON.stringify(responseBody)
  const last = (field: string): number | undefined => {
    const all = [...text.matchAll(new RegExp(`"${field}": ?(\\d+)`, 'g'))]
    return all.length === 0 ? undefined : Number(all.at(-1)![1])
  }
  return [last('prompt_tokens') ?? last('input_tokens'), last('completion_tokens') ?? last('output_tokens')]
}
