import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { decodeTrace, type Trace } from 'spanwise'
import { addContextFinder, within, type SpanRecord } from '../src/kit.ts'
import { seeded } from './support/random.ts'
import { recorded, tree } from './support/recorded.ts'
import { Framework, inputTokens, llmSpans, provider, recordedIds, type Send } from './support/simulated.ts'

/** Calls that two observers see, and runs: those that are over, full, not sampled, of several profilers, in files. */

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

describe('what is sent from where it was not asked', () => {
  /** Runs one job after the other, each where the one before has ended: as queues that limit how many run at once do. */
  function queue(): <T>(job: () => Promise<T>) => Promise<T> {
    const waiting: (() => Promise<void>)[] = []
    let isBusy = false
    const next = async (): Promise<void> => {
      const job = waiting.shift()
      isBusy = job !== undefined
      await job?.()
      if (job !== undefined) void next()
    }
    return (job) => new Promise((resolve, reject) => {
      waiting.push(() => job().then(resolve, reject))
      if (!isBusy) void next()
    })
  }

  test.each([['equal', 1], ['different', 5]])('a client behind a queue, with %s questions from many runs: each call where it belongs', async (_what, questions) => {
    const { profiler } = recorded({ maxTraces: 100 })
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    const ask = client(profiler)
    const inTurn = queue()
    const runs = Array.from({ length: 20 }, (_, i) => profiler.run(`run ${i}`, () => profiler.span('step', () =>
      framework.ask((model, text) => inTurn(() => ask(model, text)), `question ${i % questions}`))))
    const ids = await Promise.all(runs)
    for (const trace of profiler.traces) expect(tree(trace)).toBe(`${trace.name} 0-0\n  step 0-0\n    m llm 0-0`)
    expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
    if (questions > 1) return
    // Of equal ones nothing tells which is which before their answers are there.
    const byRun = new Map(profiler.traces.map((trace) => [trace.name, llmSpans([trace])[0]!.llm!.responseId]))
    expect([...byRun.values()].sort()).toEqual(ids.toSorted())
  })

  test('a thousand equal questions from ten runs, sent where there is no context: each answer in the run that got it', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    const ask = client(profiler)
    const random = seeded(5)
    const jobs: (() => void)[] = []
    const sending = (async () => {
      for (let sent = 0; sent < 1_000; await turn()) {
        for (let left = 7; left > 0 && jobs.length > 0; left--, sent++) jobs.splice(Math.floor(random() * jobs.length), 1)[0]!()
      }
    })()
    const send: Send = (model, text) => new Promise((resolve, reject) => { jobs.push(() => ask(model, text).then(resolve, reject)) })
    const told = await Promise.all(Array.from({ length: 10 }, (_, i) => profiler.run(`run ${i}`, () =>
      Promise.all(Array.from({ length: 100 }, () => framework.ask(send, 'the question'))))))
    await sending
    expect(profiler.traces.map(({ spans }) => spans.length)).toEqual(Array.from({ length: 10 }, () => 101))
    expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
    for (const trace of profiler.traces) expect(recordedIds([trace])).toEqual(told[Number(trace.name.slice('run '.length))]!.toSorted())
  })

  test('in another run, before anything else has ended: the framework knows the place', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const ask = provider({ pause: turn }).client(profiler)
    let job: (() => void) | undefined
    const later = (): Promise<void> => turn().then(turn).then(turn)
    await Promise.all([
      profiler.run('mine', () => framework.ask((model, text) => new Promise((resolve, reject) => { job = () => ask(model, text).then(resolve, reject) }), 'the question')),
      profiler.run('other', async () => {
        await turn()
        job!()
        await later()
      }),
    ])
    expect(profiler.traces.map(tree).sort()).toEqual(['mine 0-0\n  m llm 0-0', 'other 0-0\n  m 0-0'])
    expect(inputTokens(profiler.traces)).toBe(1)
  })
})

describe('several profilers', () => {
  test('each finds its own place in a framework that both hear of', async () => {
    const [one, two] = [recorded().profiler, recorded().profiler]
    const frameworks = [new Framework(one), new Framework(two)]
    let current: (SpanRecord | undefined)[] = []
    const forget = [0, 1].map((i) => addContextFinder(() => current[i]))
    const clients = [one, two].map((profiler) => provider().client(profiler))
    try {
      for (const [i, { spans }] of frameworks.entries()) current[i] = spans.begin('node', undefined, `node ${i}`, 'internal')
      for (const client of clients) await client('m', 'hi')
      one.span('step', () => two.span('step', () => {}))
      current = []
      for (const { spans } of frameworks) spans.end('node')
    } finally {
      for (const done of forget) done()
    }
    expect([one, two].flatMap(({ traces }) => traces.map(tree))).toEqual([
      'node 0 0-0\n  m llm 0-0\n  step 0-0', 'node 1 0-0\n  m llm 0-0\n  step 0-0',
    ])
  })

  test('a framework whose context cannot be asked hurts nobody', () => {
    const { profiler } = recorded()
    const forget = addContextFinder(() => { throw new Error('no') })
    expect(profiler.span('step', () => 1)).toBe(1)
    forget()
    expect(profiler.traces).toHaveLength(1)
  })
})

describe('what nobody waits for', () => {
  test('the loser of a race is late, and one call', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    const ask = client(profiler)
    let slow: Promise<unknown> | undefined
    await profiler.run('agent', () => Promise.race([
      framework.ask(ask, 'the question'),
      slow = framework.ask(ask, 'the question', { pause: () => turn().then(turn) }),
    ]))
    await slow
    // The slow one asks its client when the run is over: that is a run of its own, and in the other one is what the framework did.
    expect(profiler.traces.map(tree)).toEqual(['agent 0-0\n  m llm 0-0\n  m 0-0', 'm llm 0-0'])
    expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
  })

  test('what is told after its run has ended is a run of its own', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    let later: Promise<unknown> | undefined
    profiler.run('request', () => { later = turn().then(() => framework.ask(client(profiler), 'the question')) })
    await later
    expect(profiler.traces.map(tree)).toEqual(['request 0-0', 'm llm 0-0'])
    expect(recordedIds(profiler.traces)).toEqual(given)
  })

  test('runs that are not sampled in between change nothing for the others', async () => {
    const { profiler } = recorded({ maxTraces: 100 })
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    const ask = client(profiler)
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      profiler.run(`run ${i}`, () => profiler.span('step', () => framework.ask(ask, 'the question', { enters: i % 4 < 2 })), { sample: i % 2 === 0 })))
    expect(recordedIds(profiler.traces)).toEqual(ids.filter((_id, i) => i % 2 === 0).toSorted())
    expect(given).toHaveLength(20)
    for (const trace of profiler.traces) expect(tree(trace)).toBe(`${trace.name} 0-0\n  step 0-0\n    m llm 0-0`)
  })
})

describe('limits', () => {
  test('a run that is full keeps what its client tells of the last call, and counts what it left out', async () => {
    for (const [maxSpansPerRun, calls, dropped] of [[1, 0, 4], [2, 1, 2], [3, 2, 0]] as const) {
      const { profiler } = recorded({ limits: { maxSpansPerRun } })
      const framework = new Framework(profiler)
      const ask = provider().client(profiler)
      await profiler.run('agent', async () => { for (let i = 0; i < 2; i++) await framework.ask(ask, 'the question') })
      expect(llmSpans(profiler.traces).map(({ llm }) => llm!.api)).toEqual(Array.from({ length: calls }, () => 'chat.completions'))
      expect(profiler.lastTrace!.dropped.spans).toBe(dropped)
    }
  })

  test('dice are thrown once for a call', async () => {
    const dice = [0.1, 0.9, 0.9, 0.1]
    const { profiler } = recorded({ sampleRate: 0.5, random: () => dice.shift()! })
    const framework = new Framework(profiler)
    const ask = provider().client(profiler)
    for (let i = 0; i < 3; i++) await framework.ask(ask, 'the question')
    const open = framework.begin('something else altogether')
    await ask('m', 'and this')
    framework.spans.end(open.id)
    expect(profiler.stats()).toMatchObject({ seen: 5, sampled: 2 })
    expect(llmSpans(profiler.traces).map(({ llm }) => llm!.api)).toEqual(['chat.completions', 'framework'])
    expect(dice).toEqual([])
  })

  test('a client that is not sampled, beside a framework that is', async () => {
    const dice = [0.1, 0.9]
    const { profiler } = recorded({ sampleRate: 0.5, random: () => dice.shift()! })
    const framework = new Framework(profiler)
    const { client } = provider()
    const { id } = framework.begin('the question')
    await client(profiler)('m', 'another question')
    framework.spans.end(id)
    expect(profiler.traces.map(tree)).toEqual(['m llm 0-0'])
    expect(profiler.stats()).toMatchObject({ seen: 2, sampled: 1, kept: 1 })
  })
})

describe('what is below a call', () => {
  test('before the client was seen: the call is in the run before it', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const otel = new Framework(profiler, 'otel')
    const outer = framework.begin('the question')
    const id = otel.id()
    const call = otel.spans.beginLlm(id, undefined, { name: 'm', category: 'llm', provider: 'p', operation: 'chat', api: 'otel' })!
    within(call.around, () => profiler.span('POST', () => {}))
    call.requestDone()
    otel.spans.end(id)
    framework.spans.end(outer.id)
    expect(profiler.traces.flatMap(({ spans }) => spans.map(({ name }) => name)).sort()).toEqual(['POST', 'm', 'm'])
  })
})

/** Parts have numbers of their own in a file. */
const calls = ({ spans, parts }: Trace): unknown[] => spans.map(({ llm }) => llm && {
  ...llm, requestParts: llm.requestParts?.map((part) => parts[part]!.text), responseParts: llm.responseParts?.map((part) => parts[part]!.text),
})

describe('run files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'spanwise-pairs-'))
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  test('say what memory says, also of what was taken for another', async () => {
    const { profiler } = recorded({ dir, content: 'full' })
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    const ask = client(profiler)
    await profiler.run('agent', async () => {
      await framework.ask(ask, 'one')
      await framework.ask(client(), 'two', { enters: true, before: () => ask('small', 'what is asked here?') })
      const { id, call } = framework.begin('three')
      const bare = client()('m', 'three')
      const other = ask('m', 'three')
      framework.tellAnswer(call, await bare)
      framework.spans.end(id)
      await other
      await framework.ask(ask, 'four', { tries: 2 })
      // In the file they are calls already when their client turns out to tell of them.
      for (const isLast of [false, true]) {
        const { id, call } = framework.begin('five', { model: 'alias' })
        const usage = { prompt_tokens: given.length + 1, completion_tokens: 1, total_tokens: given.length + 2 }
        const sent = ask('m', 'something else')
        framework.tellAnswer(call, isLast ? { id: `chatcmpl-${given.length + 1}`, usage } : await sent)
        framework.spans.end(id)
        await profiler.flush()
        await sent
      }
    })
    await profiler.flush()
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'))
    expect(files).toHaveLength(1)
    const { traces: [trace], problems } = decodeTrace(readFileSync(join(dir, files[0]!), 'utf8'))
    expect(problems).toEqual([])
    expect(tree(trace)).toBe(tree(profiler.lastTrace))
    expect(recordedIds([trace!])).toEqual(given.toSorted())
    expect(calls(trace!)).toEqual(calls(profiler.lastTrace!))
  })
})
