import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashPart } from '../src/model/message.ts'
import { expand, partList, RecentLists, type PartList } from '../src/model/part-list.ts'
import type { Trace } from '../src/model/span.ts'
import { beginLlmCall } from '../src/record/llm-call.ts'
import { hashAhead, toPart } from '../src/record/parts.ts'
import { Profiler } from '../src/record/profiler.ts'
import { seal, seedOf } from '../src/trace-file/frame.ts'
import { decodeTrace, encodeTrace } from '../src/trace-file/index.ts'
import { checkTrace } from './laws.ts'
import { conversation } from './support/conversation.ts'
import { seeded } from './support/random.ts'

describe('a list that begins like another', () => {
  test('has the items of the list that it stands for', () => {
    const random = seeded(1)
    const upTo = (n: number): number => Math.floor(random() * n)
    const made: { items: number[]; list: PartList }[] = []
    for (let i = 0; i < 2_000; i++) {
      const base = made[upTo(made.length + 1)]
      const tail = Array.from({ length: upTo(4) }, () => upTo(100))
      const keep = base === undefined ? 0 : upTo(base.items.length + 1)
      made.push({ items: [...(base?.items.slice(0, keep) ?? []), ...tail], list: partList(tail, base?.list, keep) })
    }
    for (const { items, list } of made) expect(expand(list)).toEqual(items)
  })

  test('conversations beside each other each find their own', () => {
    const recent = new RecentLists<string, string>((a, b) => a === b)
    const add = (text: string): string => recent.add([...text], (base, keep) => (base === undefined ? text : `${base.slice(0, keep)}|${text.slice(keep)}`).replace(/^.*\|(?=.*\|)/, ''))
    expect(['Sab', 'Sxy', 'Sabc', 'Sxyz', 'Sabcd', 'Sabcd', 'q'].map(add)).toEqual(['Sab', 'S|xy', 'Sab|c', expect.stringMatching(/\|z$/), expect.stringMatching(/\|d$/), expect.stringMatching(/\|$/), 'q'])
  })
})

describe('a conversation in a file', () => {
  test.each([1, 3, 6])('of %i agents takes its own length, and comes back as it was', (agents) => {
    const sizes = [100, 200, 400].map((turns) => {
      const trace = conversation(turns, agents)
      const text = encodeTrace(trace)
      const { traces: [read], problems } = decodeTrace(text)
      expect(problems).toEqual([])
      expect(read).toEqual(trace)
      expect(JSON.stringify(read)).toBe(JSON.stringify(decodeTrace(encodeTrace(read!)).traces[0]))
      expect(encodeTrace(read!)).toBe(text)
      checkTrace(read!)
      return text.length
    })
    expect(sizes[1]! / sizes[0]!).toBeLessThan(2.3)
    expect(sizes[2]! / sizes[1]!).toBeLessThan(2.3)
  })

  test('one lost record takes few requests with it, and none is wrong', () => {
    const trace = conversation(400)
    const lines = encodeTrace(trace).split('\n')
    const at = lines.findIndex((line) => line.includes('"at":201,"sum"') && line.includes('"span"'))
    const { traces: [read], problems } = decodeTrace(lines.toSpliced(at, 1).join('\n'))
    const without = read!.spans.filter(({ llm }) => llm !== undefined && llm.requestParts === undefined).length
    expect(without).toBeGreaterThan(0)
    expect(without).toBeLessThan(100)
    expect(problems.map(({ message }) => message)).toEqual([
      `1 spans of the run ${trace.id} are lost`,
      `${without} requests of the run ${trace.id} are lost: they go on from one whose record is missing`,
    ])
    const written = new Map(trace.spans.map((span) => [span.id, span]))
    for (const { id, llm } of read!.spans) if (llm?.requestParts !== undefined) expect(llm.requestParts).toEqual(written.get(id)!.llm!.requestParts)
  })

  test('what is forged makes no request', () => {
    const trace = conversation(3)
    const [header] = encodeTrace(trace).split('\n')
    const spans = trace.spans.slice(1).map((span, at) => ({ span: { ...span, llm: { ...span.llm!, responseParts: [] as number[] } }, at }))
    const told = (...requests: readonly unknown[]): (readonly number[] | undefined)[] => {
      const records = requests.map((requestParts, i) => seal({ ...spans[i]!, span: { ...spans[i]!.span, llm: { ...spans[i]!.span.llm, requestParts } } }, seedOf(trace.id)))
      const parts = [0, 1].map((at) => seal({ part: trace.parts[at], at }, seedOf(trace.id)))
      return decodeTrace([header, ...parts, ...records].join('\n')).traces[0]!.spans.map(({ llm }) => llm!.requestParts)
    }
    expect(told([0, 1], { like: 0, first: 1, then: [1] }, { like: 1, first: 2, then: [0] })).toEqual([[0, 1], [0, 1], [0, 1, 0]])
    expect(told({ like: 0, first: 0, then: [] }, { like: 2, first: 0, then: [1] }, { like: 1, first: 0, then: [] })).toEqual([undefined, undefined, undefined])
    expect(told([0, 1], { like: 0, first: 3, then: [] })).toEqual([[0, 1], undefined])
    for (const wrong of [{ like: -1, first: 0, then: [] }, { like: 0, first: 0.5, then: [] }, { like: 0, first: 0, then: [-1] }, { like: 0, first: 0 }, {}, 'x']) expect(told([0], wrong)).toEqual([[0]])
  })

  test('lists that together are too long for any memory are left out', () => {
    const trace = conversation(1)
    const [header] = encodeTrace(trace).split('\n')
    const seed = seedOf(trace.id)
    const span = trace.spans[1]!
    const record = (at: number, requestParts: unknown): string =>
      seal({ span: { ...span, id: at.toString(16).padStart(16, '0'), llm: { ...span.llm!, responseParts: [], requestParts } }, at }, seed)
    const long = Array.from({ length: 100_000 }, () => 0)
    const forged = Array.from({ length: 2_000 }, (_, i) => record(i + 1, { like: i, first: 100_000, then: [] }))
    const { traces: [read], problems } = decodeTrace([header, seal({ part: trace.parts[0], at: 0 }, seed), record(0, long), ...forged].join('\n'))
    expect(read!.spans.length).toBe(2_001)
    expect(problems.map(({ message }) => message).join()).toContain('requests of the run')
    expect(read!.spans[1]!.llm!.requestParts!.length).toBe(100_000)
    expect(read!.spans[2_000]!.llm!.requestParts).toBeUndefined()
  })
})

describe('a conversation as it is recorded', () => {
  const message = (text: string): { text: string } => ({ text })

  async function record(turns: number, agents: number): Promise<{ memory: Trace; file: Trace; chars: number }> {
    const dir = mkdtempSync(join(tmpdir(), 'spanwise-requests-'))
    try {
      const profiler = new Profiler({ dir })
      const histories = Array.from({ length: agents }, (_, agent) => [message('the instructions'), message(`agent ${agent}`)])
      const call = (history: { text: string }[], turn: number): void => {
        const llm = beginLlmCall(profiler, { name: 'gpt-5', category: 'llm', provider: 'openai', operation: 'chat', api: 'x' })!
        llm.requestParts(history, (source) => [{ kind: 'user', text: (source as { text: string }).text }])
        llm.requestDone()
        llm.responseParts([{ kind: 'assistant', text: `answer ${turn}` }])
        llm.usage({ complete: true, source: 'provider' })
        llm.end()
        history.push(message(`answer ${turn}`), message(`question ${turn}`))
      }
      await profiler.run('agent', async () => {
        for (let turn = 0; turn < turns; turn++) {
          for (const history of histories) call(history, turn)
          if (turn % 50 === 0) await profiler.flush()
        }
      })
      await profiler.flush()
      const text = readFileSync(join(dir, readdirSync(dir)[0]!), 'utf8')
      const { traces, problems } = decodeTrace(text)
      expect(problems).toEqual([])
      return { memory: profiler.traces[0]!, file: traces[0]!, chars: text.length }
    } finally {
      rmSync(dir, { recursive: true })
    }
  }

  const hashes = ({ parts, spans }: Trace): unknown => spans.map(({ llm }) => [llm?.requestParts, llm?.responseParts].map((list) => list?.map((at) => parts[at]!.hash)))

  test.each([1, 3])('by %i agents takes its own length', async (agents) => {
    const [short, long] = [await record(150, agents), await record(300, agents)]
    for (const { memory, file } of [short, long]) {
      checkTrace(memory)
      checkTrace(file)
      expect(hashes(file)).toEqual(hashes(memory))
    }
    expect(long.memory.spans.at(-1)!.llm!.requestParts!.length).toBe(2 + 299 * 2)
    expect(long.chars / short.chars).toBeLessThan(2.2)
  })
})

test('an attribute with the name of a prototype is data', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'spanwise-requests-'))
  try {
    const profiler = new Profiler({ dir })
    const attributes = JSON.parse('{"__proto__":"data","toString":"text","n":1}') as Record<string, string>
    profiler.run('agent', () => 1, { attributes })
    await profiler.flush()
    const { traces: [file] } = decodeTrace(readFileSync(join(dir, readdirSync(dir)[0]!), 'utf8'))
    for (const { spans: [root] } of [file!, profiler.traces[0]!]) expect(Object.entries(root!.attributes!)).toEqual(Object.entries(attributes))
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a long text is hashed in steps, to the same hash', () => {
  const draft = (kind: 'user' | 'system', text: string) => ({ kind, text })
  const drafts = [draft('user', 'ü'.repeat(250)), draft('system', ''), draft('user', 'x'.repeat(99)), draft('user', 'y'.repeat(1_000))]
  let steps = 1
  while (hashAhead(drafts, 100) === 0) steps++
  expect(steps).toBe(14)
  expect(drafts.map((part) => toPart(part).hash)).toEqual(drafts.map(hashPart))
  expect(hashAhead(drafts, 100)).toBe(100)
})
