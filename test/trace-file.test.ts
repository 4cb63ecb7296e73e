import { describe, expect, test } from 'vitest'
import { OPEN, type Span, type Trace } from '../src/model/span.ts'
import { RunEncoder } from '../src/trace-file/encode.ts'
import { decodeTrace, encodeTrace } from '../src/trace-file/index.ts'
import { inspect, seal, seedOf } from '../src/trace-file/frame.ts'
import { factsOf, VERSION } from '../src/trace-file/records.ts'
import { upgraders } from '../src/trace-file/upgrade.ts'
import { draw } from './draw.ts'
import { checkTrace } from './laws.ts'
import { conversation } from './support/conversation.ts'
import { seeded } from './support/random.ts'

const agent = (): Trace => ({
  ...draw(`
    agent 0-100 user.name=Zoë
      llm 5-35 llm model=gpt-5 in=1200 cached=300 out=80 reasoning=20 first=9 last=34 attempts=5-6:429,8-35:200 asks=search#c1 parts=system:400,user:30 answer=20
      search 40-90 tool call=c1 by=llm failed=Error:not_found
      index 95-120
      left 96-
  `),
  service: 'shop', tags: { env: 'test', ['__proto__']: 'data' }, process: { pid: 7, runtime: 'node v20', platform: 'linux x64' },
  dropped: { spans: 3, contentChars: 0, parts: 0, attributes: 2 }, overheadNs: 12_345, selfErrors: 1,
})

/** A tree of spans in order of start, with awkward texts. */
function randomTrace(seed: number, size: number): Trace {
  const random = seeded(seed)
  const upTo = (n: number): number => Math.floor(random() * n)
  const words = ['a', 'ü', '\u{1F600}', '\uD800', '"', '\\', '\n', '\u2028', '\r', '{', '}', ',"sum":"', '\0', '</script>']
  const word = (): string => Array.from({ length: 1 + upTo(6) }, () => words[upTo(words.length)]).join('')
  const id = (n: number): string => n.toString(16).padStart(16, '0')
  const traceId = seed.toString(16).padStart(32, '0')
  const parts = Array.from({ length: upTo(6) }, (_, i) => ({ kind: 'user' as const, hash: id(i), chars: upTo(9_999), ...(upTo(2) > 0 && { text: word() }) }))
  const spans: Span[] = []
  for (let i = 0; i < size; i++) {
    const parent = i === 0 ? undefined : spans[upTo(spans.length)]!
    const start = i === 0 ? 0 : Math.max(spans.at(-1)!.start, parent!.start) + upTo(50)
    const end = upTo(8) === 0 ? undefined : start + upTo(500)
    const isLate = parent?.end !== undefined && (end === undefined || end > parent.end)
    spans.push({
      id: id(i + 1), ...(parent && { parentId: parent.id }), traceId, name: word(), category: word(), start,
      ...(end !== undefined && { end }),
      outcome: end === undefined ? OPEN : upTo(5) === 0 ? { state: 'failed', type: word(), message: word() } : { state: 'ok' },
      ...(upTo(3) === 0 && { attributes: { [word()]: word(), n: random() * 1e12, flag: true, list: [word(), word()] } }),
      ...(upTo(4) === 0 && { llm: { provider: 'openai', operation: 'chat', api: 'x', streamed: upTo(2) > 0, requestParts: parts.map((_, at) => at) } }),
      ...(isLate && { late: true as const }),
    })
  }
  return { id: traceId, name: word(), startedAtEpochMs: 1.5 + upTo(1e9), spans, parts, dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: upTo(1e6), selfErrors: 0 }
}

describe('round trip', () => {
  test('a drawn trace', () => {
    checkTrace(agent())
    const text = encodeTrace(agent())
    expect(decodeTrace(text)).toEqual({ traces: [agent()], problems: [] })
    expect(encodeTrace(decodeTrace(text).traces[0]!)).toBe(text)
  })

  test('random traces, and several in one file', () => {
    const traces = Array.from({ length: 200 }, (_, seed) => randomTrace(seed, 1 + (seed % 60)))
    for (const trace of traces) {
      checkTrace(trace)
      const text = encodeTrace(trace)
      // As it comes back from a disk.
      const { traces: [read], problems } = decodeTrace(Buffer.from(text, 'utf8').toString('utf8'))
      expect(problems).toEqual([])
      expect(read).toEqual(trace)
      expect(encodeTrace(read!)).toBe(text)
    }
    expect(decodeTrace(traces.map(encodeTrace).join(''))).toEqual({ traces, problems: [] })
  })

  test('a span that has ended makes the same line the short way', () => {
    const ended = Array.from({ length: 20 }, (_, seed) => randomTrace(seed, 30).spans).flat().filter(({ end }) => end !== undefined)
    expect(ended.length).toBeGreaterThan(300)
    const encoder = new RunEncoder(factsOf(agent()))
    const nothing = { parentId: undefined, end: undefined, attributes: undefined, llm: undefined, tool: undefined, dependsOn: undefined, resources: undefined, late: undefined }
    for (const [at, span] of [...ended, ...agent().spans.slice(0, 4)].entries()) expect(encoder.ended({ ...nothing, ...span }, at)).toBe(encoder.span(span, at))
  })

  test('each line is JSON', () => {
    for (const line of encodeTrace(agent()).trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sum')
  })

  test('a byte-order mark and the line ends of other systems do not matter', () => {
    expect(decodeTrace(`\uFEFF${encodeTrace(agent()).replaceAll('\n', '\r\n')}`)).toEqual({ traces: [agent()], problems: [] })
  })

  test('raw usage that is no JSON is left out', () => {
    const trace = agent()
    const raw: Record<string, unknown> = { tokens: 5n }
    raw['self'] = raw
    const spans = trace.spans.map((span) => (span.llm === undefined ? span : { ...span, llm: { ...span.llm, usage: { ...span.llm.usage!, raw } } }))
    expect(decodeTrace(encodeTrace({ ...trace, spans }))).toEqual({ traces: [trace], problems: [] })
  })
})

const hashes = (indexes: readonly number[] | undefined, { parts }: Trace): string[] => (indexes ?? []).map((at) => parts[at]!.hash)

/** No span, part or fact that was not written; what is missing is told. */
function holdsOnly(text: string, trace: Trace): void {
  const { traces, problems } = decodeTrace(text)
  const spans = new Map(trace.spans.map((span) => [span.id, span]))
  for (const read of traces) {
    const { spans: _spans, parts: _parts, dropped: _dropped, overheadNs: _overhead, selfErrors: _errors, ...facts } = trace
    expect(read).toMatchObject(facts)
    for (const { llm, ...span } of read.spans) {
      const { llm: written, ...rest } = spans.get(span.id)!
      expect(span).toEqual(rest)
      const isThere = (hash: string): boolean => read.parts.some((part) => part.hash === hash)
      if (written?.requestParts !== undefined && llm!.requestParts === undefined) {
        expect(problems.map(({ message }) => message).join()).toContain('they go on from one whose record is missing')
      } else expect(hashes(llm?.requestParts, read)).toEqual(hashes(written?.requestParts, trace).filter(isThere))
      expect(hashes(llm?.responseParts, read)).toEqual(hashes(written?.responseParts, trace).filter(isThere))
      expect({ ...llm, requestParts: [], responseParts: [] }).toEqual({ ...written, requestParts: [], responseParts: [] })
    }
    for (const part of read.parts) expect(trace.parts).toContainEqual(part)
  }
  const isAll = traces.length === 1 && traces[0]!.spans.length === trace.spans.length && traces[0]!.parts.length === trace.parts.length
  if (!isAll && problems.length === 0) throw new Error('something is missing and nobody says so')
}

describe('the checksum', () => {
  /** As docs/format.md describes it. */
  const plain = (text: string, seed: number): string => {
    const bytes = Buffer.from(text, 'utf8')
    const padded = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
    let [even, odd] = [0x811c9dc5 ^ seed, 0x01000193]
    for (let at = 0; at < padded.length; at += 8) {
      even = Math.imul(even ^ padded.readInt32LE(at), 16777619)
      odd = Math.imul(odd ^ padded.readInt32LE(at + 4), 16777619)
    }
    odd = Math.imul(odd ^ bytes.length, 16777619)
    const mixed = (lane: number): number => lane ^ (lane >>> 15)
    return ((Math.imul(mixed(even), 2246822507) ^ Math.imul(mixed(odd), 3266489909)) >>> 0).toString(16).padStart(8, '0')
  }

  test('is what the documentation says, also in lines of many pieces', () => {
    const texts = ['', 'a', 'abcdefg', 'abcdefgh', 'ü'.repeat(9), 'x'.repeat(32_767), `${'ab'.repeat(16_383)}\u{1F600}${'\u{1F600}ü'.repeat(40_000)}`]
    for (const text of [...texts, ...texts.map((text) => `y${text}`)]) {
      for (const seed of [0, seedOf('0af7651916cd43dd8448eb211c80319c')]) {
        const record = { text }
        const line = seal(record, seed)
        expect(line.slice(-10, -2)).toBe(plain(JSON.stringify(record).slice(0, -1), seed))
        expect([inspect(line, seed), inspect(line, seed + 1), inspect(line.slice(0, -1), seed)]).toEqual(['whole', 'damaged', 'cut'])
      }
    }
    expect(seedOf('abc').toString(16).padStart(8, '0')).toBe(plain('abc', 0))
  })

  test('finds each change of up to four bytes at one place', () => {
    const random = seeded(3)
    const line = Buffer.from(seal({ text: 'Zoë, '.repeat(40), n: 12 }, 7), 'utf8')
    for (let at = 0; at + 4 < line.length - 18; at++) {
      const changed = Buffer.from(line)
      for (let i = at - (at % 4); i < at - (at % 4) + 4; i++) changed[i] = Math.floor(random() * 128)
      if (!changed.equals(line)) expect(inspect(changed.toString('latin1'), 7)).not.toBe('whole')
    }
  })
})

describe('damage', () => {
  const trace = randomTrace(12, 120)
  const bytes = Buffer.from(encodeTrace(trace), 'utf8')

  test('every prefix is read as far as it is whole', () => {
    const lines = encodeTrace(trace).split('\n')
    let at = 0
    let whole = 0
    for (let length = 0; length < bytes.length; length++) {
      while (whole < lines.length && length >= at + Buffer.byteLength(lines[whole]!)) at += Buffer.byteLength(lines[whole++]!) + 1
      const { traces, problems } = decodeTrace(bytes.subarray(0, length).toString('utf8'))
      const spans = Math.max(0, Math.min(whole - 1 - trace.parts.length, trace.spans.length))
      if ((traces[0]?.spans.length ?? 0) !== spans) expect(`${length}: ${traces[0]?.spans.length}`).toBe(`${length}: ${spans}`)
      if (whole < lines.length - 1 && problems.length === 0) throw new Error(`no problem at ${length}`)
      if (length % 97 === 0) holdsOnly(bytes.subarray(0, length).toString('utf8'), trace)
    }
  }, 120_000)

  test('10,000 flipped bits never make a wrong value', () => {
    const small = randomTrace(5, 12)
    const good = Buffer.from(encodeTrace(small), 'utf8')
    const random = seeded(1)
    for (let i = 0; i < 10_000; i++) {
      const at = Math.floor(random() * good.length)
      const bit = 1 << Math.floor(random() * 8)
      good[at]! ^= bit
      holdsOnly(good.toString('utf8'), small)
      good[at]! ^= bit
    }
  }, 120_000)

  test('so it is with requests that go on from each other', () => {
    const long = conversation(16)
    const good = Buffer.from(encodeTrace(long), 'utf8')
    expect(good.toString()).toContain('"like":')
    const random = seeded(2)
    for (let i = 0; i < 500; i++) {
      const at = Math.floor(random() * good.length)
      const bit = 1 << Math.floor(random() * 8)
      good[at]! ^= bit
      holdsOnly(good.toString('utf8'), long)
      good[at]! ^= bit
    }
    for (let length = 0; length < good.length; length += 331) holdsOnly(good.subarray(0, length).toString('utf8'), long)
  })

  test('a damaged header loses nothing: the end repeats it', () => {
    const lines = encodeTrace(agent()).split('\n')
    expect(decodeTrace(['{"format":"spanw', ...lines.slice(1)].join('\n'))).toEqual({
      traces: [agent()], problems: [{ line: 1, message: 'a record that is cut off or damaged' }],
    })
  })

  test('records of a run whose header is lost are never taken for those of the run before', () => {
    const [a, b] = [agent(), randomTrace(3, 5)]
    const killed = encodeTrace(a).split('\n').slice(0, -2)
    const headless = encodeTrace(b).split('\n').slice(1)
    const { traces, problems } = decodeTrace([...killed, ...headless].join('\n'))
    expect(traces.map(({ id, spans }) => [id, spans.length])).toEqual([[a.id, 5], [b.id, 5]])
    expect(problems.map(({ message }) => message)).toEqual([`the run ${a.id} has no end: the program is still running, or was killed`])
  })

  test('a lost part leaves no wrong reference', () => {
    const lines = encodeTrace(agent()).split('\n')
    const { traces: [trace], problems } = decodeTrace(lines.toSpliced(1, 1).join('\n'))
    expect(problems).toEqual([{ line: lines.length - 2, message: `1 parts of requests and answers of the run ${agent().id} are lost` }])
    expect(trace!.spans[1]!.llm!.requestParts!.map((at) => trace!.parts[at]!.kind)).toEqual(['user'])
    checkTrace(trace!)
  })

  test.each([
    ['', 'no records: the file is empty'],
    ['hello', 'not a record of a Spanwise run file'],
    ['{"spans":[]}', 'a record that is cut off or damaged'],
    [Buffer.from([0, 255, 254, 10, 1, 2]).toString('latin1'), 'not a record of a Spanwise run file'],
  ])('%j: %s', (text, message) => {
    const { traces, problems } = decodeTrace(text)
    expect([traces, problems[0]]).toEqual([[], { line: 1, message }])
  })

  test('problems are counted past the first hundreds', () => {
    expect(decodeTrace('x\n'.repeat(1_000)).problems.at(-1)).toEqual({ line: 1_000, message: 'and 800 problems more' })
  })
})

describe('shapes', () => {
  const { id } = agent()
  const read = (...records: object[]): string[] => {
    const sealed = records.map((record) => seal(record, seedOf(id)))
    return decodeTrace([new RunEncoder(factsOf(agent())).header().trimEnd(), ...sealed].join('\n')).problems.filter(({ line }) => line === 2).map(({ message }) => message)
  }
  const span = { id: '00000000000000a1', name: 'x', category: 'tool', start: 1, end: 2, outcome: { state: 'ok' } }
  const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
  const llm = { provider: 'p', operation: 'o', api: 'a', streamed: true }

  test.each([
    [{ span: {}, at: 0 }, 'expected a span object with an id'],
    [{ span: null, at: 0 }, 'expected a span object with an id'],
    [{ span, at: -1 }, 'expected a place in the trace'],
    [{ span, at: 1e12 }, 'expected a place in the trace'],
    [{ span: { ...span, start: '1' }, at: 0 }, `expected whole nanoseconds as start and end of span ${span.id}`],
    [{ span: { ...span, outcome: { state: 'open' } }, at: 0 }, `expected an end of span ${span.id} if and only if it is not open`],
    [{ span: { ...span, attributes: { a: { b: 1 } } }, at: 0 }, `expected small typed attributes of span ${span.id}`],
    [{ span: { ...span, llm: { ...llm, usage: { complete: true, source: 'provider', raw: deep(1_000) } } }, at: 0 }, `expected details of the LLM call ${span.id}`],
    [{ span: { ...span, llm: { ...llm, requestParts: [-1] } }, at: 0 }, `expected details of the LLM call ${span.id}`],
    [{ part: { kind: 'user' }, at: 0 }, 'expected a span or a part'],
    [{ other: 1, at: 0 }, 'expected a span or a part'],
  ])('%#', (record, message) => {
    expect(read(record)[0]).toBe(message)
  })

  test('fields that this version does not know are kept', () => {
    expect(read({ span: { ...span, later: 1 }, at: 0, also: 2 })).toEqual(['the run 0af7651916cd43dd8448eb211c80319c has no end: the program is still running, or was killed'])
  })
})

describe('versions', () => {
  const sealedAs = (version: number, change: (record: Record<string, unknown>) => object): string =>
    encodeTrace(agent()).trimEnd().split('\n').map((line) => {
      const { sum: _sum, ...record } = JSON.parse(line) as Record<string, unknown>
      return seal(change('version' in record ? { ...record, version } : record), 'version' in record ? 0 : seedOf(agent().id))
    }).join('\n')

  test('the version that is written is the one after all upgraders', () => {
    expect(VERSION).toBe(upgraders.length + 1)
  })

  test('old versions go through all upgraders that follow them', () => {
    // As if version 1 had said `label`, version 2 `title`, and version 3 `name`.
    const rename = (from: string, to: string) => (record: Readonly<Record<string, unknown>>) => {
      const span = record['span'] as Record<string, unknown> | undefined
      if (span === undefined) return record
      const { [from]: value, ...rest } = span
      return { ...record, span: { ...rest, [to]: value } }
    }
    const history = [rename('label', 'title'), rename('title', 'name')]
    const old = (key: string) => (record: Record<string, unknown>): object => rename('name', key)(record)
    expect(decodeTrace(sealedAs(1, old('label')), history)).toEqual({ traces: [agent()], problems: [] })
    expect(decodeTrace(sealedAs(2, old('title')), history)).toEqual({ traces: [agent()], problems: [] })
    expect(decodeTrace(sealedAs(3, (record) => record), history)).toEqual({ traces: [agent()], problems: [] })
    expect(decodeTrace(sealedAs(1, old('label')), [() => { throw new Error('no') }, ...history.slice(1)]).traces).toEqual([])
  })

  test('an unknown newer version is refused, once, and other runs in the file are read', () => {
    const other = randomTrace(3, 5)
    expect(decodeTrace(`${sealedAs(7, (record) => ({ ...record, new: 1 }))}\n${encodeTrace(other)}`)).toEqual({
      traces: [other], problems: [{ line: 1, message: 'written by a newer Spanwise: format 7, this one reads up to 1; update the package' }],
    })
  })
})
