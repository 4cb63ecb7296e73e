import { Profiler } from 'spanwise'
import {
  answerBody, chat, jsonResponse, SYSTEM, type AskedCall, type Chat, type Message, type Sdk, type Shape,
} from '../clients.ts'
import {
  added, cpuNs, inChild, interleave, least, median, pause, settledHeap, type Case, type Figure, type Samples, type Variant,
} from '../harness.ts'
import { Answers, flat, silence } from '../traffic.ts'

const TURNS = 100
const CHARS = 600_000
const ROUNDS = 9
const WARMUP = 3
const IDLE_TICKS = 30
const READINGS = 3

type Name = 'bare' | 'record' | 'full'
type Tool = (args: { readonly query: string }) => Promise<string>

/** One agent: a client, its tools, and the way its API wants the conversation. */
interface Agent {
  readonly chat: Chat
  readonly tool: Tool
  readonly turn: (messages: Message[], answer: unknown, tool: Tool) => Promise<void>
  readonly around: (run: () => Promise<void>) => Promise<void>
}

const asks = (turn: number): AskedCall[] =>
  Array.from({ length: turn % 2 === 0 ? 1 : 2 }, (_, i) =>
    ({ id: `call_${turn}_${i}`, name: 'search_kb', query: `case ${turn} ${i}` }))

/** What the tools give back, one after the other. Fresh strings each time: no run may profit from the one before. */
class Results {
  #texts: string[] = []

  prepare(): void {
    this.#texts = []
    for (let turn = TURNS - 2; turn >= 0; turn--) {
      const calls = asks(turn).length
      for (let i = 0; i < calls; i++) {
        this.#texts.push(flat(`result ${turn} ${i}: ${SYSTEM.repeat(20)}`.slice(0, (CHARS / TURNS - 500) / calls)))
      }
    }
  }

  take(): string {
    return this.#texts.pop() ?? ''
  }
}

interface OpenAiAnswer {
  readonly choices: readonly [{
    readonly message: Message & {
      readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[]
    }
  }]
}

async function openAiTurn(messages: Message[], answer: unknown, tool: Tool): Promise<void> {
  const { message } = (answer as OpenAiAnswer).choices[0]
  messages.push(message)
  const results = await Promise.all((message.tool_calls ?? []).map(async (call) => ({
    role: 'tool', tool_call_id: call.id, content: await tool(JSON.parse(call.function.arguments) as { query: string }),
  })))
  messages.push(...results)
}

interface AnthropicAnswer {
  readonly content: readonly { readonly type: string; readonly id: string; readonly input: { readonly query: string } }[]
}

async function anthropicTurn(messages: Message[], answer: unknown, tool: Tool): Promise<void> {
  const { content } = answer as AnthropicAnswer
  messages.push({ role: 'assistant', content })
  const results = await Promise.all(content.filter(({ type }) => type === 'tool_use').map(async ({ id, input }) => ({
    type: 'tool_result', tool_use_id: id, content: await tool(input),
  })))
  if (results.length > 0) messages.push({ role: 'user', content: results })
}

const shapes = {
  openai: { sdk: 'openai 7', turn: openAiTurn, first: [{ role: 'system', content: SYSTEM }] },
  anthropic: { sdk: 'anthropic 1', turn: anthropicTurn, first: [] },
} as const satisfies Record<Shape, { sdk: Sdk; turn: Agent['turn']; first: readonly Message[] }>

/** Times from one turn of the event loop to the next: how long each held it. */
class Loop {
  holds: number[] = []
  #last = 0

  begin(): void {
    this.holds = []
    this.#last = performance.now()
  }

  async tick(): Promise<void> {
    await pause()
    const now = performance.now()
    this.holds.push(now - this.#last)
    this.#last = now
  }
}

class World {
  readonly #answers: Answers
  readonly #results = new Results()
  readonly loop = new Loop()
  readonly shape: Shape

  constructor(shape: Shape) {
    this.shape = shape
    const said = 'Let me look at that, one moment, there is more to find out before I can answer. '.repeat(4)
    this.#answers = new Answers((turn) =>
      jsonResponse(answerBody(shape, `${turn} ${said}`, turn === TURNS - 1 ? [] : asks(turn), 1_000 + turn * 1_500)))
  }

  agent(profiler: Profiler | undefined): Agent {
    const { sdk, turn } = shapes[this.shape]
    const answer = async (): Promise<Response> => {
      await this.loop.tick()
      return this.#answers.take()
    }
    const search: Tool = async () => this.#results.take()
    return {
      chat: chat(sdk, answer, profiler),
      tool: profiler === undefined ? search : profiler.tool('search_kb', search),
      turn,
      around: async (run) => await (profiler === undefined ? run() : profiler.run('agent', run)),
    }
  }

  prepare(): void {
    silence()
    this.#answers.prepare(TURNS)
    this.#results.prepare()
  }

  async run(agent: Agent): Promise<void> {
    this.loop.begin()
    await agent.around(async () => {
      const messages: Message[] = [...shapes[this.shape].first, { role: 'user', content: 'Where is my order?' }]
      for (let i = 0; i < TURNS; i++) await agent.turn(messages, await agent.chat.send(messages), agent.tool)
      checkGrown(messages)
    })
    for (let i = 0; i < IDLE_TICKS; i++) await this.loop.tick()
  }
}

/** A figure is worth nothing when the run was not the one that it speaks of. */
function checkGrown(messages: readonly Message[]): void {
  const { length } = JSON.stringify(messages)
  if (length > CHARS * 0.95 && length < CHARS * 1.15) return
  throw new Error(`bench: the conversation has ${length} characters, not ${CHARS}`)
}

interface Measured {
  readonly cpu: Samples<Name>
  /** The longest that we add to any turn of the event loop: each turn at its least, over all rounds. */
  readonly holdMs: Record<'record' | 'full', number>
  /** The longest turns of whole runs. */
  readonly longestMs: Samples<Name>
  readonly kept: Record<Name, Kept>
  readonly json: Record<'record' | 'full', { readonly ms: number; readonly bytes: number }>
}

async function child([name]: readonly string[]): Promise<Measured> {
  const world = new World(name as Shape)
  const profilers = {
    bare: undefined,
    record: new Profiler({ maxTraces: 1 }),
    full: new Profiler({ maxTraces: 1, content: 'full' }),
  }
  const names = ['bare', 'record', 'full'] as const
  const holds: Record<Name, number[][]> = { bare: [], record: [], full: [] }
  const variant = (which: Name): Variant => {
    const agent = world.agent(profilers[which])
    return {
      before: () => world.prepare(),
      run: async () => {
        await world.run(agent)
        holds[which].push(world.loop.holds)
      },
    }
  }
  const variants = { bare: variant('bare'), record: variant('record'), full: variant('full') }
  const cpu = await interleave<Name>(variants, { rounds: ROUNDS, warmup: WARMUP, per: 1 })
  for (const which of names) holds[which].splice(0, WARMUP)
  const longest = (which: Name): number[] => holds[which].map((run) => Math.max(...run))
  const json = {
    record: await jsonCost(world, profilers.record),
    full: await jsonCost(world, profilers.full),
  }
  const kept = { bare: await keptBy(world, 'bare'), record: await keptBy(world, 'record'), full: await keptBy(world, 'full') }
  return {
    cpu,
    json,
    holdMs: { record: longestAdded(holds.bare, holds.record), full: longestAdded(holds.bare, holds.full) },
    longestMs: { bare: longest('bare'), record: longest('record'), full: longest('full') },
    kept,
  }
}

const leastByTurn = (runs: readonly number[][]): number[] =>
  runs[0]!.map((_, i) => least(runs.map((run) => run[i] ?? Infinity)))

function longestAdded(bare: readonly number[][], ours: readonly number[][]): number {
  const without = leastByTurn(bare)
  return Math.max(...leastByTurn(ours).map((ms, i) => ms - (without[i] ?? 0)))
}

/** The first reading of a trace gives its spans and parts their public form; that belongs to writing it. */
async function jsonCost(world: World, profiler: Profiler): Promise<{ readonly ms: number; readonly bytes: number }> {
  const agent = world.agent(profiler)
  const times: number[] = []
  let bytes = 0
  for (let i = 0; i < READINGS; i++) {
    world.prepare()
    await world.run(agent)
    const start = cpuNs()
    bytes = JSON.stringify(profiler.lastTrace).length
    times.push((cpuNs() - start) / 1e6)
  }
  return { ms: median(times), bytes }
}

interface Kept {
  readonly bytes: number
  /** Once the trace was read. */
  readonly read: number
}

/** Heap that a run leaves behind once the conversation itself is gone. Code compiled meanwhile counts too, so: the least. */
async function keptBy(world: World, which: Name): Promise<Kept> {
  const all: Kept[] = []
  for (let i = 0; i < READINGS; i++) all.push(await keptOnce(world, which))
  return { bytes: least(all.map(({ bytes }) => bytes)), read: least(all.map(({ read }) => read)) }
}

async function keptOnce(world: World, which: Name): Promise<Kept> {
  const profiler = which === 'bare' ? undefined : new Profiler({ maxTraces: 1, content: which === 'full' ? 'full' : 'none' })
  const agent = world.agent(profiler)
  const before = await settledHeap()
  world.prepare()
  await world.run(agent)
  world.loop.holds = []
  const bytes = (await settledHeap()) - before
  JSON.stringify(profiler?.lastTrace)
  const read = (await settledHeap()) - before
  if (profiler !== undefined && profiler.lastTrace === undefined) throw new Error('bench: the run left no trace')
  return { bytes, read }
}

const limits = { record: 25, full: 60 } as const
const says = { record: 'recording', full: "content: 'full'" } as const

function figures(shape: Shape): Figure[] {
  const { cpu, holdMs, longestMs, kept, json } = inChild<Measured>('agent', shape)
  const { sdk } = shapes[shape]
  const mb = (bytes: number): number => bytes / 1e6
  return [
    { what: `${sdk}: the bare run`, unit: 'ms', median: median(cpu.bare) / 1e6, min: least(cpu.bare) / 1e6 },
    { what: `${sdk}: the bare run, longest hold of all`, unit: 'ms', median: median(longestMs.bare), min: least(longestMs.bare) },
    ...(['record', 'full'] as const).flatMap((which): Figure[] => {
      const cost = added(cpu.bare, cpu[which])
      const [middle, min] = [cost.median / 1e6, cost.min / 1e6]
      const name = `${sdk}: ${says[which]}`
      return [
        { what: `${name} adds`, unit: 'ms', median: middle, min, limit: limits[which] },
        { what: `${name} and the trace as JSON`, unit: 'ms', median: middle + json[which].ms, limit: limits[which],
          note: `${Math.round(json[which].bytes / 1_000)} kB of JSON in ${json[which].ms.toFixed(1)} ms` },
        { what: `${name}, longest hold added`, unit: 'ms', median: holdMs[which], limit: 10 },
        { what: `${name}, longest hold of all`, unit: 'ms', median: median(longestMs[which]), min: least(longestMs[which]) },
        { what: `${name} keeps`, unit: 'MB', median: mb(kept[which].bytes - kept.bare.bytes), limit: 1.5 },
        { what: `${name} keeps once the trace was read`, unit: 'MB', median: mb(kept[which].read - kept.bare.read) },
      ]
    }),
  ]
}

export const agent: Case = {
  name: 'agent',
  title: `An agent run of ${TURNS} turns`,
  how: `${TURNS} turns, each an LLM call with the whole history and one or two tool calls, up to ${CHARS / 1_000} kB or 150,000 `
    + `tokens; ${ROUNDS} rounds of bare, recorded and recorded in full in turn, fresh strings each time, work put off to idle `
    + 'moments included. The trace as JSON: its first reading and JSON.stringify. '
    + 'Longest hold: for each turn of the event loop the least over all rounds (which drops collections and the noise of '
    + 'other processes), profiled minus bare, and of these the longest; "of all" is the plain longest turn of a run, the '
    + "client's own work included. Kept: heap after forced collections, minus the same of the bare run.",
  elsewhere: 'peers 312 to 5,192 ms, 6 to 52 MB, stalls of 13 to 1,571 ms; a careful minimum 9 ms, 0.7 MB, 6 ms.',
  measure: () => (['openai', 'anthropic'] as const).flatMap(figures),
  child,
}
