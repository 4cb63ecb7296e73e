import { describe, expect, test } from 'vitest'
import { decodeTrace, encodeTrace, type Trace } from 'spanwise'
import { adopt, parseTraceparent, traceparentOf, within, type SpanRecord } from '../src/kit.ts'
import { chatClient, asks, says } from './support/chat-client.ts'
import { expectTree, recorded } from './support/recorded.ts'

describe('traceparent', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const span = 'b7ad6b7169203331'
  test.each([
    [`00-${trace}-${span}-01`, { traceId: trace, spanId: span, isSampled: true }],
    [`00-${trace}-${span}-00`, { traceId: trace, spanId: span, isSampled: false }],
    [`cc-${trace}-${span}-03-more`, { traceId: trace, spanId: span, isSampled: true }],
    [` 00-${trace}-${span}-01 `, { traceId: trace, spanId: span, isSampled: true }],
    [`00-${trace}-${span}-01-more`, undefined],
    [`ff-${trace}-${span}-01`, undefined],
    [`00-${'0'.repeat(32)}-${span}-01`, undefined],
    [`00-${trace}-${'0'.repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-${span}-01`, undefined],
    ['00-x-y-01', undefined],
    ['', undefined],
    [undefined, undefined],
    [['00'], undefined],
  ])('%s', (header, expected) => {
    expect(parseTraceparent(header)).toEqual(expected)
  })

  test('what is written is read, and a run that takes it has its trace id', () => {
    const { profiler } = recorded()
    const caller = profiler.open('caller', 'agent', {})!
    const remote = parseTraceparent(traceparentOf(caller))!
    const { profiler: other } = recorded()
    other.open('service', 'agent', { remote })!.end()
    caller.end()
    expect(other.lastTrace!.id).toBe(profiler.lastTrace!.id)
    expect(other.lastTrace!.spans[0]!.attributes).toEqual({ 'spanwise.parent_span_id': profiler.lastTrace!.spans[0]!.id })
  })
})

/** A service's run: it calls a model and the tool that the answer asked for. */
async function service(options: { readonly content?: 'full' } = {}): Promise<Trace> {
  const { profiler, clock } = recorded({ service: 'search-service', ...options })
  const ask = chatClient(profiler, [asks(['lookup', '{"id":7}', 'call_1']), says('done')])
  const lookup = profiler.tool('lookup', async (_: object) => (clock.pass(20), 'found ABC-123'))
  await profiler.run('GET /search', async () => {
    const messages = [{ role: 'user', content: 'hi' }]
    await ask({ model: 'm', messages })
    clock.pass(10)
    await lookup({ id: 7 })
    await ask({ model: 'm', messages: [...messages, { role: 'tool', tool_call_id: 'call_1', content: 'found ABC-123' }] })
  })
  return decodeTrace(encodeTrace(profiler.lastTrace!)).traces[0]!
}

describe("another process's spans", () => {
  test('come below the call, in the middle of it when the clocks disagree', async () => {
    const remote = await service()
    const { profiler, clock } = recorded()
    const call = within(profiler.open('agent', 'agent', {})!, () => profiler.open('fetch', 'tool', {})!)
    clock.pass(100)
    const before = profiler.open('later', 'internal', { parent: call.parent })!
    expect(adopt(call, { ...remote, startedAtEpochMs: 5 })).toBe(4)
    call.end()
    before.end()
    call.parent!.end()
    expectTree(profiler.lastTrace, `
      agent 0-100
        fetch tool 0-100
          GET /search 35-65
            m llm 35-35
            lookup tool 45-65 for call_1
            m llm 65-65
        later 100-100
    `)
    const [, , root, llm, tool, second] = profiler.lastTrace!.spans
    expect(root!.attributes).toEqual({ 'service.name': 'search-service', 'process.pid': process.pid })
    expect(tool!.tool!.issuedBy).toBe(llm!.id)
    expect(second!.llm!.requestParts!.map((part) => profiler.lastTrace!.parts[part]!.kind)).toEqual(['user', 'tool-result'])
  })

  test('stand where the wall clock says when that fits', async () => {
    const remote = await service()
    const { profiler, clock } = recorded()
    const call = profiler.open('fetch', 'tool', {})!
    clock.pass(100)
    adopt(call, { ...remote, startedAtEpochMs: call.run.startedAtEpochMs + 7 })
    call.end()
    expect(profiler.lastTrace!.spans.map(({ start }) => start / 1e6)).toEqual([0, 7, 7, 17, 37])
  })

  test('never reach out of the call', async () => {
    const remote = await service()
    const { profiler, clock } = recorded()
    const call = profiler.open('fetch', 'tool', {})!
    clock.pass(5)
    adopt(call, remote)
    call.end()
    expect(profiler.lastTrace!.spans.map(({ start, end }) => [start / 1e6, end! / 1e6])).toEqual([[0, 5], [0, 5], [0, 0], [5, 5], [5, 5]])
  })

  test('limits hold, and a run that has ended takes none', async () => {
    const remote = await service()
    const { profiler } = recorded({ limits: { maxSpansPerRun: 3 } })
    const call = profiler.open('fetch', 'tool', {})!
    adopt(call, remote)
    call.end()
    expect(profiler.lastTrace!.spans).toHaveLength(3)
    expect(profiler.lastTrace!.dropped.spans).toBe(2)
    expect(adopt(call, remote)).toBe(0)
  })

  test('texts that were recorded there are there', async () => {
    const remote = await service({ content: 'full' })
    const { profiler } = recorded({ content: 'full' })
    const call: SpanRecord = profiler.open('fetch', 'tool', {})!
    adopt(call, remote)
    call.end()
    expect(profiler.lastTrace!.parts.map(({ text }) => text)).toContain('found ABC-123')
  })
})
