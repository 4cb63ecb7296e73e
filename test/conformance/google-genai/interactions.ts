import { vi } from 'vitest'
import { event, json, sse, type Reply, type Step } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, inRun, readUntil, turns } from '../reading.ts'
import type { GoogleCase } from './kit.ts'
import { ANSWER, INPUT, PROMPT, SYSTEM, pieces } from './answers.ts'

const USAGE = { total_tokens: 36, total_input_tokens: 28, total_cached_tokens: 8, total_output_tokens: 5, total_tool_use_tokens: 0, total_thought_tokens: 3 }
const HEAD = { id: 'int_1', model: 'gemini-3-flash-001', object: 'interaction', service_tier: 'standard', created: '2026-11-01T00:00:00Z', updated: '2026-11-01T00:00:00Z' }
const interaction = (steps: readonly object[], fields: object = {}): object => ({ ...HEAD, status: 'completed', usage: USAGE, steps, ...fields })
const output = { type: 'model_output', content: [{ type: 'text', text: ANSWER }] }
const answer = json(interaction([{ type: 'thought', summary: [{ type: 'text', text: 'canary-hm' }], signature: 'x' }, output]))
const weather = { type: 'function_call', id: 'call_1', name: 'weather', arguments: INPUT }

const ASK = {
  model: 'gemini-3-flash', input: PROMPT, system_instruction: SYSTEM, generation_config: { max_output_tokens: 100 },
  tools: [{ type: 'function' as const, name: 'weather', description: 'canary', parameters: { type: 'object' } }],
}
const STREAM = { ...ASK, stream: true as const }
const CALL = 'llm gemini-3-flash ok | gcp.gemini interactions | max 100 | gemini-3-flash-001 int_1 completed | in 20+8r out 5+3t | tool-definition system user > reasoning assistant'
const STREAMED = but(CALL, { '| in 20': '| streamed 8 timed | in 20', 'reasoning assistant': 'assistant' })

const start = event({ event_type: 'interaction.created', interaction: { ...HEAD, status: 'in_progress' } })
const stepStart = (index: number, step: object): string => event({ event_type: 'step.start', index, step })
const delta = (index: number, data: object): string => event({ event_type: 'step.delta', index, delta: data })
const stepStop = (index: number): string => event({ event_type: 'step.stop', index })
const end = event({ event_type: 'interaction.completed', interaction: { ...HEAD, status: 'completed', usage: USAGE } })
const texts = pieces.map((text) => delta(0, { type: 'text', text }))
/** Seven events. */
const textStream = sse([start, stepStart(0, { type: 'model_output' }), ...texts, stepStop(0), end, event('[DONE]')])
const brokenStream = (...middle: readonly Step[]): Reply => sse([start, stepStart(0, { type: 'model_output' }), ...texts.slice(0, 2), ...middle])

/** Interactions, whose client the SDK makes when it is first asked for. */
export const interactions: readonly GoogleCase[] = [
  {
    name: 'interactions.create',
    replies: [answer],
    run: async (client) => client.interactions.create(ASK),
    recorded: CALL,
  },
  {
    name: 'interactions are made once, when they are asked for, and warn as often as before',
    async run(client) {
      const warned = vi.mocked(console.warn).mock.calls.length
      const { interactions } = client
      return [interactions === client.interactions, Object.keys(client), 'interactions' in client, vi.mocked(console.warn).mock.calls.length - warned]
    },
    recorded: '',
  },
  {
    name: 'interactions: a function call and its result, in the same conversation',
    replies: [json(interaction([weather], { status: 'requires_action' })), answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const run = profiler.tool('weather', async () => 'canary-result')
      const asked = await client.interactions.create(ASK)
      const result = { type: 'function_result' as const, call_id: 'call_1', name: 'weather', result: await run() }
      return [asked, await client.interactions.create({ ...ASK, previous_interaction_id: asked.id!, input: [result] })]
    }),
    recorded: inRun(
      but(CALL, { 'completed |': 'requires_action |', 'out 5+3t': 'out 5+3t | asks weather(27) call_1', 'reasoning assistant': 'tool-call' }),
      'tool weather ok | for call_1',
      but(CALL, { 'system user': 'system tool-result' }),
    ),
  },
  {
    name: 'interactions, streamed',
    replies: [textStream],
    run: async (client) => collect(await client.interactions.create(STREAM)),
    recorded: but(STREAMED, { 'streamed 8': 'streamed 7' }),
  },
  {
    name: 'interactions, streamed: a function call in pieces',
    replies: [sse([
      start, stepStart(0, { ...weather, arguments: {} }), delta(0, { type: 'arguments_delta', arguments: '{"city":"cana' }),
      delta(0, { type: 'arguments_delta', arguments: 'ry-Reykjavík"}' }), stepStop(0), end, event('[DONE]'),
    ])],
    run: async (client) => collect(await client.interactions.create(STREAM)),
    recorded: but(STREAMED, { 'streamed 8': 'streamed 6', 'out 5+3t': 'out 5+3t | asks weather(27) call_1', '> assistant': '> tool-call' }),
  },
  {
    name: 'interactions, streamed: an early break keeps what had arrived',
    replies: [brokenStream('hold')],
    run: async (client) => (await readUntil(await client.interactions.create(STREAM), (count) => count === 4)).length,
    recorded: but(STREAMED, { ' ok': ' cancelled', ' completed': '', 'streamed 8': 'streamed 4', 'in 20+8r out 5+3t': 'no usage' }),
  },
  {
    name: 'interactions: an error is thrown at the same await, with its class',
    replies: [json({ error: { code: 400, message: 'the provider said no', status: 'INVALID_ARGUMENT' } }, { status: 400 })],
    async run(client) {
      const error: unknown = await client.interactions.create(ASK).catch((thrown: unknown) => thrown)
      return [(error as Error).constructor.name, (error as Error).message, (error as { status?: unknown }).status]
    },
    recorded: (traces) => {
      const [span] = traces[0]!.spans
      if (span?.outcome.state !== 'failed' || traces.length !== 1) throw new Error(JSON.stringify(traces))
    },
  },
  {
    name: 'interactions: a rejection that nobody handles is reported as often as before',
    replies: [json({ error: { code: 400, message: 'the provider said no', status: 'INVALID_ARGUMENT' } }, { status: 400 })],
    async run(client, { server }) {
      void client.interactions.create(ASK)
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: (traces) => {
      if (traces[0]?.spans[0]?.outcome.state !== 'failed') throw new Error(JSON.stringify(traces))
    },
  },
  {
    name: 'interactions of a client that was unwrapped, and of one that was wrapped after they were made',
    replies: [answer, answer],
    async run(_, { bareClient, wrap, unwrap }) {
      const one = bareClient()
      const { interactions } = one
      wrap(one)
      const known = one.interactions === interactions
      const ids = [(await one.interactions.create(ASK)).id]
      unwrap(one)
      return [known, ids, (await one.interactions.create(ASK)).id, Object.getOwnPropertyDescriptor(one, 'interactions'), Object.hasOwn(one.interactions, 'create')]
    },
    recorded: CALL,
  },
  {
    name: 'interactions: get, cancel and delete are no calls of a model',
    replies: [answer, json({}), answer],
    async run(client) {
      const got = await client.interactions.get('int_1')
      await client.interactions.delete('int_1')
      await client.interactions.cancel('int_1')
      return got
    },
    recorded: '',
  },
]
