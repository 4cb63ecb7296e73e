import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { analyze, logRuns, runLine, runSummary, type RunSummary, type Trace } from 'spanwise'
import { draw } from './draw.ts'
import { checkTrace } from './laws.ts'
import { goldenTrace } from './support/golden-run.ts'
import { expectTree, recorded } from './support/recorded.ts'

/** What pino wrote, as JSON. */
function pinoLog(): { readonly logger: pino.Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  })
  return { lines, logger: pino({ base: null, timestamp: false }, sink) }
}

const agent = draw(`
  support-agent 0-4820
    plan 175-787 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=1204 out=86
    search_kb 790-1220 tool
    get_orders 1221-1531 tool failed=TimeoutError:too_long
    answer 1705-2890 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=3850 cached=1152 out=142
    embed 2900-2910 embedding model=text-embedding-3-small op=embeddings in=12
`)

describe('summary and line', () => {
  test('the figures are those of the analysis', () => {
    const summary = runSummary(agent)
    const { totals } = analyze(agent)
    expect(summary).toEqual({
      name: 'support-agent', traceId: agent.id, startedAt: new Date(agent.startedAtEpochMs).toISOString(), durationMs: 4_820,
      llmCalls: 2, toolCalls: 2, failedCalls: 1, inputTokens: 5_066, cachedTokens: 1_152, outputTokens: 228,
      costUsd: totals.costUsd.knownUsd, outcome: 'ok',
    })
    expect(runLine(summary)).toBe(
      `${summary.startedAt} 4.82 s, 2 LLM calls, 2 tool calls, 1 failed, 5,066 in (1,152 cached), 228 out, $0.0015, ok, support-agent`,
    )
    checkTrace(agent)
  })

  test.each<[what: string, drawn: string, line: string]>([
    ['no calls: no tokens', 'job 0-12', '12.0 ms, 0 LLM calls, 0 tool calls, ok, job'],
    ['an unknown price', 'job 0-12\n  a 1-2 llm model=house-model in=10 out=2', '12.0 ms, 1 LLM call, 0 tool calls, 10 in, 2 out, unknown cost, ok, job'],
    ['no usage is not zero tokens', 'job 0-12\n  a 1-2 llm model=gpt-5-mini', '12.0 ms, 1 LLM call, 0 tool calls, unknown tokens, unknown cost, ok, job'],
    ['some usage is a lower bound', 'job 0-12\n  a 1-2 llm model=gpt-5-mini\n  b 2-3 llm model=gpt-5-mini in=10 out=2',
      '12.0 ms, 2 LLM calls, 0 tool calls, ≥ 10 in, ≥ 2 out, unknown cost, ok, job'],
    ['nobody bills a call that failed', 'job 0-12\n  a 1-2 llm model=gpt-5-mini failed=RateLimitError:slow_down', '12.0 ms, 1 LLM call, 0 tool calls, 1 failed, ok, job'],
    ['a failed run', 'job 0-12 failed=RangeError:too_far', '12.0 ms, 0 LLM calls, 0 tool calls, failed (RangeError: too far), job'],
    ['a run that was left', 'job 0-12 state=cancelled', '12.0 ms, 0 LLM calls, 0 tool calls, cancelled, job'],
  ])('%s', (_, drawn, line) => {
    const trace = draw(drawn)
    expect(runLine(runSummary(trace)).slice(25)).toBe(line)
  })

  test('prices of the user count', () => {
    const trace = draw('job 0-12\n  a 1-2 llm model=house-model in=1000000 out=2')
    expect(runSummary(trace, { prices: { 'house-model': { input: 3, output: 4 } } }).costUsd).toBeCloseTo(3.000008, 9)
    expect(() => runSummary(trace, { prices: { 'house-model': {} as never } })).toThrow(TypeError)
  })

  test('one line, whatever a run is called or failed with, and no secret', () => {
    const hostile: Trace = {
      ...goldenTrace, name: 'a\nb\u001b[31m\u2028c\u0000 sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH',
      spans: goldenTrace.spans.map((span, i) => (i > 0 ? span : { ...span, outcome: { state: 'failed', type: 'E', message: 'x\r\ny Bearer abcdefghijklmnopqrstuvwxyz012345' } })),
    }
    const line = runLine(runSummary(hostile))
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
    expect(line).not.toMatch(/abcdefghijklmnop/)
    expect(line).toContain('x y')
  })

  test('what is no trace is refused', () => {
    expect(() => runSummary({} as Trace)).toThrow(new TypeError('expected a trace with spans, got {}'))
    expect(() => runSummary(undefined as unknown as Trace)).toThrow(TypeError)
    expect(() => runLine({ spans: [] } as never)).toThrow('expected a summary, as runSummary(trace) gives it, got {"spans":[]}')
  })
})

describe('logRuns', () => {
  test('pino gets the summary as a field and the line as its message', async () => {
    const { profiler, clock } = recorded()
    const { logger, lines } = pinoLog()
    const stop = logRuns(logger, { profiler })
    await profiler.run('agent', async () => {
      await profiler.tool('search', async () => clock.pass(5))()
    })
    expect(() => profiler.run('broken', () => { throw new RangeError('too far') })).toThrow(RangeError)
    stop()
    profiler.run('not logged', () => {})
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [30, '2026-01-02T03:04:05.000Z 5.00 ms, 0 LLM calls, 1 tool call, ok, agent'],
      [40, '2026-01-02T03:04:05.005Z 0 ns, 0 LLM calls, 0 tool calls, failed (RangeError: too far), broken'],
    ])
    expect(lines[0]!['run']).toEqual({
      name: 'agent', traceId: profiler.traces[0]!.id, startedAt: '2026-01-02T03:04:05.000Z', durationMs: 5, llmCalls: 0, toolCalls: 1, failedCalls: 0, outcome: 'ok',
    })
  })

  test('a function gets the line and the summary', () => {
    const { profiler } = recorded()
    const seen: [string, RunSummary][] = []
    logRuns((line, summary) => seen.push([line, summary]), { profiler })
    profiler.run('agent', () => {})
    expect(seen).toEqual([[runLine(runSummary(profiler.lastTrace!)), runSummary(profiler.lastTrace!)]])
  })

  test('the console gets the line alone', () => {
    const { profiler } = recorded()
    const info = vi.spyOn(console, 'info').mockReturnValue()
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const log = vi.spyOn(console, 'log').mockReturnValue()
    logRuns(console, { profiler })
    logRuns(console.log, { profiler })
    profiler.run('agent', () => {})
    expect(() => profiler.run('broken', () => { throw new RangeError('no') })).toThrow(RangeError)
    const [first, second] = profiler.traces.map((trace) => runLine(runSummary(trace)))
    expect([info.mock.calls, warn.mock.calls, log.mock.calls]).toEqual([[[first]], [[second]], [[first], [second]]])
    vi.restoreAllMocks()
  })

  test('a logger that throws does no harm', () => {
    const { profiler } = recorded()
    logRuns(() => { throw new Error('disk full') }, { profiler })
    expect(profiler.run('agent', () => 42)).toBe(42)
    expect(profiler.stats().selfErrors).toBe(1)
  })

  test('what is no logger is refused at once', () => {
    for (const logger of [undefined, {}, { info: () => {} }, 'console']) expect(() => logRuns(logger as never)).toThrow(/^logger must be a function or have info\(\) and warn\(\), got /)
  })

  test('prices of the wrong shape are refused at once', () => {
    expect(() => logRuns(console, { prices: { model: { input: -1, output: 1 } } })).toThrow(RangeError)
  })

  test('loggers of others fit', () => {
    expectTypeOf<pino.Logger>().toExtend<Parameters<typeof logRuns>[0]>()
    expectTypeOf<Console>().toExtend<Parameters<typeof logRuns>[0]>()
  })
})

test('a line leaves the trace to be made later: what ends after its run still shows in it', async () => {
  const { profiler, clock } = recorded()
  const lines: string[] = []
  logRuns((line) => lines.push(line), { profiler })
  let finish = (): void => {}
  profiler.run('agent', () => {
    void profiler.tool('nobody_waits', () => new Promise<void>((resolve) => (finish = resolve)))()
  })
  clock.pass(7)
  finish()
  await profiler.flush()
  expect(lines).toEqual(['2026-01-02T03:04:05.000Z 0 ns, 0 LLM calls, 1 tool call, ok, agent'])
  expectTree(profiler.lastTrace, `
    agent 0-0
      nobody_waits tool 0-7 late
  `)
})
