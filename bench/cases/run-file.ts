import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeTrace, encodeTrace, Profiler, type Span, type Trace } from 'spanwise'
import { wrapOpenAI } from 'spanwise/openai'
import {
  added, inChild, interleave, least, median, pause, settledHeap, type Case, type Figure, type Samples,
} from '../harness.ts'

const READ_SPANS = 200_000
const WRITTEN_SPANS = 10_000
const RUN_SPANS = 5_000
const PROCESSES = 3

const hex = (n: number, digits = 16): string => n.toString(16).padStart(digits, '0')

type Kind = 'bare' | 'mixed'

/** Of five spans of an agent one is a call of a model, two are tools, one has attributes. */
function details(i: number): Partial<Span> {
  const start = i * 1_234_567
  switch (i % 5) {
    case 1: return { attributes: { 'user.name': `user ${i % 10}`, step: i % 100, cached: true } }
    case 2: case 4: return { tool: { name: 'search', callId: `call_${hex(i)}`, issuedBy: hex(i) } }
    case 3: return {
      llm: {
        provider: 'openai', operation: 'chat', api: 'chat.completions', streamed: true, requestModel: 'gpt-5-mini', responseModel: 'gpt-5-mini-2025-08-07',
        responseId: `chatcmpl-${hex(i)}`, finishReasons: ['tool_calls'],
        usage: {
          input: { total: 1_200 + (i % 100), uncached: 900 + (i % 100), cacheRead: 300, cacheWrite: 0 },
          output: { total: 80, visible: 60, reasoning: 20 }, complete: true, source: 'provider', raw: rawUsage(),
        },
        requestParts: [0, 1, 2, 3, 4, 5, 6, i % 2_000], responseParts: [(i + 1) % 2_000],
        toolCalls: [{ id: `call_${hex(i)}`, name: 'search', argumentsChars: 20 }],
        attempts: [{ start: start + 1_000, firstByte: start + 500_000, end: start + 500_000, status: 200 }],
        firstToken: start + 600_000, lastToken: start + 980_000, chunks: 42,
      },
    }
    default: return {}
  }
}

const rawUsage = (): object => ({
  prompt_tokens: 1_200, completion_tokens: 80, total_tokens: 1_280, prompt_tokens_details: { cached_tokens: 300, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
})

const names = ['agent', 'step', 'search', 'gpt-5-mini', 'read_file']
const categories = ['agent', 'internal', 'tool', 'llm', 'tool']

function trace(kind: Kind): Trace {
  const spans = Array.from({ length: READ_SPANS }, (_, i): Span => ({
    id: hex(i + 1), ...(i > 0 && { parentId: hex(i - (i % 10) || 1) }), traceId: hex(1, 32), name: names[i % 5]!, category: categories[i % 5]!,
    start: i * 1_234_567, end: i * 1_234_567 + 987_654, outcome: { state: 'ok' }, ...(kind === 'mixed' && details(i)),
  }))
  return { ...empty, spans, parts: parts(2_000) }
}

const empty: Omit<Trace, 'spans' | 'parts'> = {
  id: hex(1, 32), name: 'agent', startedAtEpochMs: 1.7e12, dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
}

const parts = (count: number): Trace['parts'] => Array.from({ length: count }, (_, i) => ({ kind: i % 2 === 0 ? 'user' : 'assistant', hash: hex(i * 7_919), chars: 100 + i }))

/** As it comes from a disk: in one piece, and one byte a character. */
const fromDisk = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

interface Read {
  readonly timings: Samples<'parse' | 'read'>
  readonly parsedBytes: number
  readonly readBytes: number
}

async function read(kind: Kind): Promise<Read> {
  const text = fromDisk(encodeTrace(trace(kind)))
  const lines = text.trimEnd().split('\n').map(fromDisk)
  const parse = (): unknown[] => lines.map((line) => JSON.parse(line) as unknown)
  const timings = await interleave({ parse: { run: parse }, read: { run: () => decodeTrace(text) } }, { rounds: 7, warmup: 2, per: READ_SPANS })
  const weigh = async (make: () => unknown): Promise<number> => {
    const before = await settledHeap()
    const kept = make()
    const bytes = ((await settledHeap()) - before) / READ_SPANS
    return kept === undefined ? 0 : bytes
  }
  return { timings, parsedBytes: await weigh(parse), readBytes: await weigh(() => decodeTrace(text)) }
}

type Work = 'bare' | 'tool' | 'attributes' | 'llm'

/** The same spans for a profiler that writes and one that does not. */
function workload(profiler: Profiler): Record<Work, (i: number) => unknown> {
  let sum = 0
  const step = (): number => (sum = (sum + 1) | 0)
  const tool = profiler.tool('search', (query: string) => ({ found: query }))
  const answer = {
    id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt-5-mini-2025-08-07', usage: rawUsage(),
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Nothing was found.' } }],
  }
  const client = wrapOpenAI({ chat: { completions: { create: (_: object) => Promise.resolve(answer) } } } as never, { profiler }) as unknown as {
    readonly chat: { readonly completions: { create(body: object): Promise<unknown> } }
  }
  let messages: object[] = []
  return {
    bare: () => profiler.span('step', step),
    tool: (i) => tool(`query ${i % 10}`),
    attributes: (i) => profiler.span('step', step, { attributes: { 'user.name': `user ${i % 10}`, step: i, cached: true } }),
    llm: (i) => {
      if (messages.length > 10) messages = []
      messages.push({ role: 'user', content: `message ${i}` })
      return client.chat.completions.create({ model: 'gpt-5-mini', messages })
    },
  }
}

async function write(kind: Work): Promise<Samples<'off' | 'on'>> {
  const dir = mkdtempSync(join(tmpdir(), 'spanwise-bench-'))
  const variant = (profiler: Profiler) => {
    const work = workload(profiler)[kind]
    return {
      run: async () => {
        for (let done = 0; done < WRITTEN_SPANS; done += RUN_SPANS) {
          await profiler.run('agent', async () => {
            for (let i = 1; i < RUN_SPANS; i++) {
              const result = work(i)
              if (kind === 'llm') await result
            }
          })
        }
        await profiler.flush()
        // What waits for an idle moment belongs to its round.
        await pause(50)
      },
    }
  }
  try {
    const variants = { off: variant(new Profiler({ dir: false, maxTraces: 1 })), on: variant(new Profiler({ dir, maxTraces: 1 })) }
    return await interleave(variants, { rounds: 12, warmup: 4, per: WRITTEN_SPANS })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Characters of the file per turn of an agent that sends its whole history again each turn. */
function conversation(turns: number): number {
  const history: number[] = []
  const spans = Array.from({ length: turns }, (_, i): Span => {
    history.push(i * 2)
    const requestParts = [...history]
    history.push(i * 2 + 1)
    return {
      id: hex(i + 1), traceId: empty.id, name: 'gpt-5-mini', category: 'llm', start: i, end: i + 1, outcome: { state: 'ok' },
      llm: { provider: 'openai', operation: 'chat', api: 'chat.completions', streamed: false, requestParts, responseParts: [i * 2 + 1] },
    }
  })
  return encodeTrace({ ...empty, spans, parts: parts(turns * 2) }).length / turns
}

async function child([what, kind]: readonly string[]): Promise<Read | Samples<'off' | 'on'>> {
  return what === 'read' ? read(kind as Kind) : write(kind as Work)
}

function reading(kind: Kind, what: string): Figure[] {
  const all = Array.from({ length: PROCESSES }, () => inChild<Read>('run-file', 'read', kind))
  const parsed = all.flatMap(({ timings }) => timings.parse)
  const decoded = all.flatMap(({ timings }) => timings.read)
  const ratios = all.map(({ timings }) => median(timings.read) / median(timings.parse))
  return [
    { what: `JSON.parse, ${what}`, unit: 'ns', median: median(parsed), min: least(parsed) },
    { what: 'reading the file', unit: 'ns', median: median(decoded), min: least(decoded) },
    { what: 'ratio', unit: '×', median: median(ratios), min: least(ratios), limit: 1 / 0.6 },
    { what: 'memory of the trace, over that of the parsed lines', unit: '×', median: median(all.map(({ readBytes, parsedBytes }) => readBytes / parsedBytes)), limit: 1.1 },
  ]
}

function writing(kind: Work, what: string, limit?: number): Figure {
  const all = Array.from({ length: PROCESSES }, () => inChild<Samples<'off' | 'on'>>('run-file', 'write', kind))
  const { median: middle, min } = added(all.flatMap(({ off }) => off), all.flatMap(({ on }) => on))
  return { what, unit: 'µs', median: middle / 1_000, min: min / 1_000, limit }
}

export const runFile: Case = {
  name: 'run-file',
  title: 'The run file',
  how: `Reading: ${READ_SPANS.toLocaleString('en')} spans from one text, against JSON.parse on its lines, which are cut before; per span, in turn, `
    + `in ${PROCESSES} processes. The mixed file has a call of a model with usage in every fifth line. Writing: CPU time of the whole process that a `
    + `profiler with \`dir\` takes over one without, flush included, per span, in runs of ${RUN_SPANS.toLocaleString('en')}. 60 % of the speed is a ratio of 1.67.`,
  measure: () => [
    ...reading('bare', 'spans alone'),
    ...reading('mixed', 'a mixed file'),
    writing('bare', 'writing a span', 3),
    writing('tool', 'writing a span of a tool', 3),
    writing('attributes', 'writing a span with three attributes', 3),
    writing('llm', 'writing a call of a model, with its new part and answer'),
    { what: 'a conversation of 1,000 turns, per turn, over one of 250', unit: '×', median: conversation(1_000) / conversation(250), limit: 1.2 },
  ],
  child,
}
