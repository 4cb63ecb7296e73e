import { describe, expect, test } from 'vitest'
import type { Profiler, Trace } from 'spanwise'
import { within } from '../src/kit.ts'
import { seeded } from './support/random.ts'
import { recorded } from './support/recorded.ts'
import { Framework, llmSpans, inputTokens, provider, type Asking, type Provider, type Send } from './support/simulated.ts'

/**
 * Random programs over frameworks and clients, in any order of what they wait for: whatever they do, each answer is recorded once, in the
 * step that asked for it.
 */

interface World {
  readonly profiler: Profiler
  readonly random: () => number
  readonly pick: <T>(from: readonly T[]) => T
  readonly pause: () => Promise<void>
  readonly frameworks: readonly Framework[]
  readonly provider: Provider
  readonly recordedClient: Send
  readonly bareClient: Send
  /** By the id of each answer: the step that asked for it. */
  readonly askedIn: Map<string, string>
  /** Calls, whether they came to an answer or not. */
  calls: number
  steps: number
  readonly open: (() => void)[]
}

/** Waits until what a case waits for is let go, in any order. */
async function play(world: World, work: Promise<unknown>): Promise<void> {
  let isOver = false
  void work.finally(() => { isOver = true })
  while (!isOver) {
    const { open, random } = world
    if (open.length > 0) open.splice(Math.floor(random() * open.length), 1)[0]!()
    // Until all that follows from it has happened.
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  await work
}

const MODELS = ['small', 'large']
const TEXTS = ['the question', 'another question', 'is this question fine?']

async function ask(world: World, step: string, depth: number): Promise<void> {
  const { pick, random, profiler } = world
  const kind = random()
  const [model, text] = [pick(MODELS), pick(TEXTS)]
  const note = (id: string | undefined): void => void (id !== undefined && world.askedIn.set(id, step))
  if (kind < 0.3) {
    world.calls++
    return world.recordedClient(model, text).then(({ id }) => note(id), () => {})
  }
  if (kind < 0.75 || depth > 2) return askFramework(world, step, model, text)
  if (kind < 0.9) {
    const tool = profiler.tool('tool', () => inStep(world, depth + 1))
    const { spans, id } = pick(world.frameworks)
    const toolId = id()
    spans.beginTool(toolId, undefined, { name: 'tool', arguments: {} })
    await world.pause()
    await tool()
    return spans.end(toolId)
  }
  return inStep(world, depth + 1)
}

async function askFramework(world: World, step: string, model: string, text: string): Promise<void> {
  const { pick, random, pause } = world
  const isRecorded = random() < 0.6
  // One that says nothing, and whose client is not seen, cannot be told from another when it fails.
  const tells = random() < 0.8
  const sure = isRecorded || !tells
  const enters = random() < 0.5
  world.calls++
  const other = pick(MODELS)
  const before = enters && random() < 0.2 && other !== model
    ? async (): Promise<void> => {
        world.calls++
        await world.recordedClient(other, 'what is asked here?').then(({ id }) => world.askedIn.set(id, step), () => {})
      }
    : pause
  const asking: Asking = { model, tells, enters, tries: sure ? 3 : 2, before, pause }
  const id = await pick(world.frameworks).ask(isRecorded ? world.recordedClient : world.bareClient, text, asking)
  if (id !== undefined) world.askedIn.set(id, step)
}

/** A step of its own, with several calls after or beside one another. */
async function inStep(world: World, depth: number): Promise<void> {
  const name = `step ${++world.steps}`
  await world.profiler.span(name, async () => {
    const calls = Array.from({ length: 1 + Math.floor(world.random() * 3) }, () => async () => {
      await world.pause()
      await ask(world, name, depth)
    })
    if (world.random() < 0.5) await Promise.all(calls.map((one) => one()))
    else for (const one of calls) await one()
  })
}

/** Where a program begins. */
async function program(world: World): Promise<void> {
  const { profiler, random } = world
  const place = random()
  if (place < 0.5) return profiler.run('run', () => inStep(world, 0))
  if (place < 0.75) return inStep(world, 0)
  const request = profiler.open('request', 'agent', { isRun: true })!
  await within(request, () => inStep(world, 0))
  request.end()
}

function world(seed: number, { fails }: { fails: boolean }): World {
  const random = seeded(seed)
  const { profiler } = recorded({ maxTraces: 100, content: seed % 2 === 0 ? 'full' : 'none' })
  const open: (() => void)[] = []
  const pause = (): Promise<void> => (random() < 0.3 ? Promise.resolve() : new Promise((resolve) => { open.push(resolve) }))
  const frameworks = [new Framework(profiler, 'langchain'), new Framework(profiler, random() < 0.5 ? 'otel' : 'ai-sdk')]
  const server = provider({ pause, fails: () => fails && random() < 0.2 })
  return {
    profiler, random, pause, frameworks, provider: server, recordedClient: server.client(profiler), bareClient: server.client(),
    pick: (from) => from[Math.floor(random() * from.length)]!, askedIn: new Map(), calls: 0, steps: 0, open,
  }
}

/** The names of all spans above. */
function above(trace: Trace, id: string | undefined): readonly string[] {
  const span = trace.spans.find((one) => one.id === id)
  return span === undefined ? [] : [span.name, ...above(trace, span.parentId)]
}

async function check(seed: number, options: { fails: boolean }): Promise<void> {
  const one = world(seed, options)
  const { profiler, askedIn } = one
  await play(one, Promise.all(Array.from({ length: 1 + Math.floor(one.random() * 4) }, () => program(one))))
  const answers = profiler.traces.flatMap((trace) => llmSpans([trace]).flatMap(({ llm, parentId }) =>
    llm?.responseId === undefined ? [] : [{ id: llm.responseId, step: above(trace, parentId).find((name) => name.startsWith('step ')) }]))
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
  expect(answers.toSorted(byId)).toEqual([...askedIn].map(([id, step]) => ({ id, step })).toSorted(byId))
  expect(inputTokens(profiler.traces)).toBe([...askedIn.keys()].reduce((sum, id) => sum + Number(id.slice('chatcmpl-'.length)), 0))
  if (!options.fails) expect(llmSpans(profiler.traces)).toHaveLength(one.calls)
  expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
}

describe('random programs', () => {
  const CASES = 1_000
  const batches = Array.from({ length: 10 }, (_, i) => i)

  test.each(batches)('in which all goes well: batch %i', async (batch) => {
    for (let seed = batch; seed < CASES; seed += batches.length) await check(seed, { fails: false }).catch((error: unknown) => { throw new Error(`seed ${seed}`, { cause: error }) })
  })

  test.each(batches)('in which requests fail: batch %i', async (batch) => {
    for (let seed = batch; seed < CASES; seed += batches.length) await check(seed, { fails: true }).catch((error: unknown) => { throw new Error(`seed ${seed}`, { cause: error }) })
  })
})
