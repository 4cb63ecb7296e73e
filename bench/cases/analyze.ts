import { analyze as analyzeTrace } from '../../src/analyze/index.ts'
import { cpuNs, inChild, least, median, type Case, type Figure } from '../harness.ts'
import { largeTrace, longConversation } from '../large-trace.ts'

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const
const PROCESSES = 3
const CALLS = 200
const TOKENS = 150_000

interface Measured {
  /** CPU time of `analyze`. */
  readonly ms: number
  readonly wallMs: number
  /** The most memory that the process ever held: the trace, the analysis, Node itself, and garbage. */
  readonly peakMb: number
  /** The same before the analysis. */
  readonly traceMb: number
  readonly spans: number
}

async function child([size, shuffled]: readonly string[]): Promise<Measured> {
  // Compiled code and the tables of prices and windows: what a program pays for once, with its first report.
  for (let i = 0; i < 3; i++) analyzeTrace(largeTrace(2_000))
  const trace = size === 'context' || size === 'texts' ? longConversation(CALLS, TOKENS, size === 'texts') : largeTrace(Number(size), shuffled === 'shuffled')
  globalThis.gc?.()
  const traceMb = process.memoryUsage().rss / 1e6
  const [cpu, wall] = [cpuNs(), performance.now()]
  const analysis = analyzeTrace(trace)
  const wallMs = performance.now() - wall
  const ms = (cpuNs() - cpu) / 1e6
  return { ms, wallMs, traceMb, peakMb: process.resourceUsage().maxRSS / 1e3, spans: analysis.spans.length }
}

const processes = (...args: string[]): Measured[] => Array.from({ length: PROCESSES }, () => inChild<Measured>('analyze', ...args))

function measure(): Figure[] {
  const bySize = new Map(SIZES.map((size) => [size, processes(String(size))]))
  const ms = (size: (typeof SIZES)[number]): number[] => bySize.get(size)!.map((one) => one.ms)
  const million = bySize.get(1_000_000)!
  const shuffled = processes('1000000', 'shuffled')
  const context = processes('context')
  const texts = processes('texts')
  const last = SIZES.length - 1
  return [
    ...SIZES.map((size): Figure => ({
      what: `${size.toLocaleString('en')} spans`, unit: 'ms', median: median(ms(size)), min: least(ms(size)),
      limit: size === 1_000_000 ? 3_000 : undefined,
    })),
    figure('the same, wall clock', million.map(({ wallMs }) => wallMs), 'ms'),
    figure('1,000,000 spans that come in any order', shuffled.map((one) => one.ms), 'ms'),
    figure('peak memory, 1,000,000 spans', million.map(({ peakMb }) => peakMb), 'MB', 1_500, 'the process, the trace with it'),
    figure('before the analysis', million.map(({ traceMb }) => traceMb), 'MB'),
    ...SIZES.slice(1).map((size, i): Figure => growth(SIZES[i]!, size, least(ms(SIZES[i]!)), least(ms(size)), i + 1 === last)),
    growth(SIZES[0], SIZES[last]!, least(ms(SIZES[0])), least(ms(SIZES[last]!)), true),
    figure(`${CALLS} calls of ${TOKENS.toLocaleString('en')} tokens`, context.map((one) => one.ms), 'ms', 1_000),
    figure('the same by its texts, without usage', texts.map((one) => one.ms), 'ms', 1_000, 'each text is counted once'),
  ]
}

/** Time against n log n: 1 where it grows exactly so. */
function growth(small: number, large: number, smallMs: number, largeMs: number, limited: boolean): Figure {
  const expected = (large * Math.log2(large)) / (small * Math.log2(small))
  return {
    what: `growth from ${small.toLocaleString('en')} to ${large.toLocaleString('en')}, ÷ n log n`, unit: '×',
    median: largeMs / smallMs / expected, limit: limited ? 1.25 : undefined,
    note: `${(largeMs / smallMs).toFixed(1)} times the time; n log n: ${expected.toFixed(1)} times`,
  }
}

const figure = (what: string, values: readonly number[], unit: string, limit?: number, note?: string): Figure =>
  ({ what, unit, median: median(values), min: least(values), limit, note })

export const analyze: Case = {
  name: 'analyze',
  title: 'An analysis',
  how: `CPU time of analyze(), after three analyses of 2,000 spans, in ${PROCESSES} processes a size. The runs are generated: `
    + 'agents with conversations of 12 turns, each a call of a model with usage and parts, and the tools that it asked for, '
    + 'half of the turns side by side; five levels. Memory: the most that the process held, resident. Growth: of the least times.',
  measure,
  child,
}
