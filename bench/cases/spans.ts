import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Profiler } from 'spanwise'
import { added, inChild, interleave, median, settledHeap, type Case, type Figure, type Samples } from '../harness.ts'

const SPANS = 10_000
const KEPT = 50_000
const PROCESSES = 3

interface Measured {
  readonly timings: Samples<'bareSync' | 'sync' | 'bareAsync' | 'async'>
  readonly bytes: number
}

/** The same two loops for both libraries: one parent, `count` spans below it, all kept in memory. */
interface Library {
  sync(count: number): void
  async(count: number): Promise<void>
}

let sink = 0
const work = (): number => (sink = (sink + 1) | 0)
const workAsync = async (): Promise<number> => (sink = (sink + 1) | 0)

const bare: Library = {
  sync(count) {
    for (let i = 0; i < count; i++) work()
  },
  async async(count) {
    for (let i = 0; i < count; i++) await workAsync()
  },
}

function spanwise(): Library {
  const profiler = new Profiler({ maxTraces: 1 })
  return {
    sync: (count) => profiler.run('agent', () => {
      for (let i = 0; i < count; i++) profiler.span('step', work)
    }),
    async: (count) => profiler.run('agent', async () => {
      for (let i = 0; i < count; i++) await profiler.span('step', workAsync)
    }),
  }
}

/** The processor only keeps the finished spans: the least that a use of OpenTelemetry can do with them. */
function openTelemetry(): Library {
  let kept: unknown[] = []
  const keep: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => void kept.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracer = new BasicTracerProvider({ spanProcessors: [keep] }).getTracer('bench')
  return {
    sync: (count) => {
      kept = []
      tracer.startActiveSpan('agent', (root) => {
        for (let i = 0; i < count; i++) {
          tracer.startActiveSpan('step', (span) => {
            work()
            span.end()
          })
        }
        root.end()
      })
    },
    async: async (count) => {
      kept = []
      await tracer.startActiveSpan('agent', async (root) => {
        for (let i = 0; i < count; i++) {
          await tracer.startActiveSpan('step', async (span) => {
            await workAsync()
            span.end()
          })
        }
        root.end()
      })
    },
  }
}

async function child([name]: readonly string[]): Promise<Measured> {
  // The bare loops run first, while no AsyncLocalStorage is active in this process.
  const rounds = { rounds: 12, warmup: 5, per: SPANS }
  const before = await interleave({
    bareSync: { run: () => bare.sync(SPANS) },
    bareAsync: { run: () => bare.async(SPANS) },
  }, rounds)
  const library = name === 'spanwise' ? spanwise() : openTelemetry()
  const after = await interleave({
    sync: { run: () => library.sync(SPANS) },
    async: { run: () => library.async(SPANS) },
  }, rounds)
  library.sync(1)
  const heap = await settledHeap()
  library.sync(KEPT)
  const bytes = ((await settledHeap()) - heap) / KEPT
  return { timings: { ...before, ...after }, bytes }
}

interface Summary {
  readonly sync: { readonly median: number; readonly min: number }
  readonly async: { readonly median: number; readonly min: number }
  readonly bytes: number
}

function join(processes: readonly Measured[]): Summary {
  const all = (name: keyof Measured['timings']): number[] => processes.flatMap(({ timings }) => timings[name])
  return {
    sync: added(all('bareSync'), all('sync')),
    async: added(all('bareAsync'), all('async')),
    bytes: median(processes.map(({ bytes }) => bytes)),
  }
}

function measure(): Figure[] {
  const ours: Measured[] = []
  const theirs: Measured[] = []
  for (let i = 0; i < PROCESSES; i++) {
    ours.push(inChild<Measured>('spans', 'spanwise'))
    theirs.push(inChild<Measured>('spans', 'opentelemetry'))
  }
  const a = join(ours)
  const b = join(theirs)
  return [
    { what: 'span around a sync function', unit: 'ns', ...a.sync },
    { what: 'the same, OpenTelemetry', unit: 'ns', ...b.sync },
    { what: 'ratio', unit: '×', median: a.sync.median / b.sync.median, min: a.sync.min / b.sync.min, limit: 0.2 },
    { what: 'span around an async function', unit: 'ns', ...a.async },
    { what: 'the same, OpenTelemetry', unit: 'ns', ...b.async },
    { what: 'ratio', unit: '×', median: a.async.median / b.async.median, min: a.async.min / b.async.min, limit: 0.2 },
    { what: 'memory that a finished span keeps', unit: 'B', median: a.bytes, limit: 220 },
    { what: 'the same, OpenTelemetry', unit: 'B', median: b.bytes },
  ]
}

export const spans: Case = {
  name: 'spans',
  title: 'A span',
  how: `${SPANS.toLocaleString('en')} spans below one parent, around a function that adds 1, minus the loop without spans; `
    + `12 rounds in each of ${PROCESSES} processes a library, in turn. OpenTelemetry: BasicTracerProvider, `
    + 'AsyncLocalStorageContextManager, startActiveSpan and end, and a processor that only keeps the finished span. '
    + `Memory: heap in use after forced collections, over ${KEPT.toLocaleString('en')} spans.`,
  elsewhere: 'OpenTelemetry 3,200 ns and 951 bytes a span; a careful minimum 350 ns.',
  measure,
  child,
}
