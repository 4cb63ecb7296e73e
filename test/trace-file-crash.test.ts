import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPEN, type Span, type Trace } from '../src/model/span.ts'
import { decodeTrace } from '../src/trace-file/index.ts'
import { beginLlmCall } from '../src/record/llm-call.ts'
import { Profiler } from '../src/record/profiler.ts'
import { checkTrace } from './laws.ts'
import { seeded } from './support/random.ts'
import { root } from './support/source.ts'
import { LAST_WORD, nowMs, viewOf, type Plan } from './support/victim.ts'

const KILLS = 1_000
const AT_ONCE = 6
/** What a kill may cost. */
const MAX_LOST_MS = 100

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwise-crash-'))
  const bundle = await rolldown({ input: `${root}test/support/victim.ts`, platform: 'node' })
  await bundle.write({ file: join(folder, 'victim.cjs'), format: 'cjs' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a victim said of a span. */
interface Told {
  readonly atMs: number
  readonly traceId: string
  readonly view: string
}

interface Testimony {
  readonly begun: ReadonlyMap<string, Told>
  readonly ended: ReadonlyMap<string, Told>
  /** For how long after a moment the machine did not let the victim work. */
  readonly heldMs: (afterMs: number) => number
}

interface Crime {
  readonly plan: Plan
  readonly dir: string
  /** As late as that when it left by itself before. */
  readonly killedAtMs: number
  readonly wasKilled: boolean
  readonly said: string
}

/** Lets a program record, and kills it `delayMs` after its first word, or after the one with which it leaves. */
async function kill(plan: Plan, seed: number, delayMs: number): Promise<Crime> {
  const dir = join(folder, String(seed))
  const child = spawn(process.execPath, [join(folder, 'victim.cjs'), plan, dir, String(seed)], {
    env: { VICTIM: '1' }, stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const chunks: Buffer[] = []
  const pipe = child.stdio[3]!
  const closed = new Promise<unknown>((resolve) => child.once('close', (_code, signal) => resolve(signal)))
  let killedAtMs = 0
  let isDoomed = false
  pipe.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (isDoomed || (plan === 'exit' && !chunk.includes(LAST_WORD))) return
    isDoomed = true
    setTimeout(() => {
      killedAtMs = nowMs()
      child.kill('SIGKILL')
    }, delayMs)
  })
  const wasKilled = (await closed) === 'SIGKILL'
  return { plan, dir, killedAtMs: killedAtMs || nowMs(), wasKilled, said: Buffer.concat(chunks).toString('utf8') }
}

/** The last line may be torn. */
function testimony({ said, killedAtMs }: Crime): Testimony {
  const begun = new Map<string, Told>()
  const ended = new Map<string, Told>()
  const times: number[] = []
  for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n')) {
    if (line === LAST_WORD) continue
    const [, kind, at, traceId, id, view] = /^(\w+) ([\d.]+) (\w+) (\w+) (.*)$/.exec(line)!
    const told = { atMs: Number(at), traceId: traceId!, view: view! }
    times.push(told.atMs)
    ;(kind === 'begun' ? begun : ended).set(id!, told)
  }
  const heldMs = (after: number): number => {
    let held = 0
    for (const [i, at] of times.entries()) if (at >= after) held += Math.max(0, (times[i + 1] ?? killedAtMs) - at - IDLE_MS)
    return held
  }
  return { begun, ended, heldMs }
}

/** A victim never waits longer for anything but the machine. */
const IDLE_MS = 10

const HARMLESS = /^(a record that is cut off or damaged|the run \w+ has no end: the program is still running, or was killed|no records: the file is empty)$/

interface Verdict {
  readonly plan: Plan
  readonly wasKilled: boolean
  readonly spans: number
  readonly open: number
  /** The oldest thing that the files do not tell, before the kill. */
  readonly lostMs: number
}

function judge(crime: Crime): Verdict {
  const { begun, ended, heldMs } = testimony(crime)
  const names = existsSync(crime.dir) ? readdirSync(crime.dir) : []
  const spans = new Map<string, Span>()
  for (const name of names) {
    const { traces, problems } = decodeTrace(readFileSync(join(crime.dir, name), 'utf8'))
    for (const { message } of problems) if (!HARMLESS.test(message)) throw new Error(`${crime.plan}: ${message}`)
    for (const trace of traces) {
      checkTrace(trace)
      for (const span of trace.spans) checkSpan(span, trace, begun, ended)
      for (const span of trace.spans) spans.set(span.id, span)
    }
  }
  const isMissing = ([id]: readonly [string, Told]): boolean => !spans.has(id)
  const isUntold = ([id]: readonly [string, Told]): boolean => (spans.get(id)?.outcome ?? OPEN).state === 'open'
  const oldestMs = Math.min(crime.killedAtMs, ...[...begun].filter(isMissing).map(([, { atMs }]) => atMs), ...[...ended].filter(isUntold).map(([, { atMs }]) => atMs))
  if (!crime.wasKilled && oldestMs < crime.killedAtMs) throw new Error('it ended by itself, and something is lost')
  const lostMs = Math.max(0, crime.killedAtMs - oldestMs - heldMs(oldestMs))
  const open = [...spans.values()].filter(({ outcome }) => outcome.state === 'open').length
  return { plan: crime.plan, wasKilled: crime.wasKilled, spans: spans.size, open, lostMs }
}

/** Nothing is invented, and what has ended is exactly what it was. */
function checkSpan(span: Span, trace: Trace, begun: Testimony['begun'], ended: Testimony['ended']): void {
  const told = begun.get(span.id)
  if (told?.traceId !== trace.id) throw new Error(`the span ${span.id} ${span.name} never was in ${trace.id}`)
  if (span.outcome.state === 'open') {
    if (span.name !== told.view) throw new Error(`${span.name} was called ${told.view}`)
    return
  }
  const view = viewOf(span, trace.parts)
  if (view !== ended.get(span.id)?.view) throw new Error(`\n${view} is not\n${ended.get(span.id)?.view}`)
}

test('killed at a thousand moments: what ended a moment before is there, what was open is marked, nothing is invented', async () => {
  const random = seeded(1)
  /** Where files are made, where many end, and where a program leaves, is looked at more closely. */
  const deaths: readonly (readonly [Plan, number])[] = Array.from({ length: KILLS }, (_, i) => {
    switch (i % 4) {
      case 0: return ['agents', 20 + random() * 60]
      case 1: return ['agents', random() * 300]
      case 2: return ['runs', random() * 200]
      default: return ['exit', random() * 12]
    }
  })
  const verdicts: Verdict[] = []
  let next = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let i = next++; i < deaths.length; i = next++) {
      const crime = await kill(deaths[i]![0], i, deaths[i]![1])
      verdicts.push(judge(crime))
      rmSync(crime.dir, { recursive: true, force: true })
    }
  }))
  const sum = (of: 'spans' | 'open'): number => verdicts.reduce((total, verdict) => total + verdict[of], 0)
  // What left by itself before it could be killed has lost nothing, so it counts.
  expect(verdicts.length).toBe(KILLS)
  // A machine under load holds the thread that writes also while it lets the victim speak.
  expect(verdicts.filter(({ lostMs }) => lostMs > MAX_LOST_MS).length).toBeLessThanOrEqual(KILLS / 50)
  expect(Math.max(...verdicts.map(({ lostMs }) => lostMs))).toBeLessThan(10 * MAX_LOST_MS)
  // So that nobody believes a test that killed nothing.
  expect(verdicts.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(KILLS / 2)
  expect(sum('open')).toBeGreaterThan(KILLS / 2)
  expect(sum('spans')).toBeGreaterThan(20 * KILLS)
}, 300_000)

/** A run as its program wrote it while it was under way: each span noted as open first, with texts, and one that came late. */
async function written(dir: string, spans: number): Promise<Buffer> {
  const profiler = new Profiler({ dir, content: 'full', service: 'shop' })
  const history: { text: string }[] = []
  let late: { end(): void } | undefined
  await profiler.run('agent \u{1F600}', async () => {
    for (let i = 0; i < spans / 4; i++) {
      const open = profiler.start(`under way ${i}`, { attributes: { i, text: 'ü"\\' } })
      const llm = beginLlmCall(profiler, { name: 'gpt', category: 'llm', provider: 'openai', operation: 'chat', api: 'chat' })!
      history.push({ text: `text ${i}` })
      llm.requestParts(history.slice(-3), (message) => [{ kind: 'user', text: (message as { text: string }).text }])
      if (i % 8 === 0) await profiler.flush()
      llm.end()
      profiler.tool('search', () => 'found')()
      open.end()
    }
    late = profiler.start('late')
  })
  await profiler.flush()
  late!.end()
  await profiler.flush()
  return readFileSync(join(dir, readdirSync(dir)[0]!))
}

type Views = ReadonlyMap<string, ReadonlySet<string>>

/** All that the file says of each span in turn: under way, and as it ended. */
function viewsOf(lines: readonly string[]): Views {
  const views = new Map<string, Set<string>>()
  for (let count = 1; count <= lines.length; count++) {
    const [trace] = decodeTrace(lines.slice(0, count).join('\n')).traces
    for (const span of trace?.spans ?? []) {
      const known = views.get(span.id)
      if (known === undefined) views.set(span.id, new Set([viewOf(span, trace!.parts)]))
      else known.add(viewOf(span, trace!.parts))
    }
  }
  return views
}

/** A text that is lost leaves its place out; nothing else may differ. */
const bare = (view: string): string => view.replace(/"call":\{"request":\[.*?\],"response":\[.*?\]/, '"call":{')

describe('a file that was written under way', () => {
  let bytes: Buffer
  let lines: string[]
  let views: Views
  beforeAll(async () => {
    bytes = await written(join(folder, 'written'), 240)
    lines = bytes.toString('utf8').split('\n')
    views = viewsOf(lines)
  })

  function checkViews(trace: Trace, canLackTexts: boolean): void {
    for (const span of trace.spans) {
      const known = views.get(span.id)
      const view = viewOf(span, trace.parts)
      if (known?.has(view) === true || (canLackTexts && known !== undefined && [...known].some((one) => bare(one) === bare(view)))) continue
      throw new Error(`nobody wrote ${view}`)
    }
  }

  test('at each byte at which it can break off, what is whole is read, and is a tree', () => {
    expect(lines.length).toBeGreaterThan(200)
    const end = lines.findIndex((line) => line.startsWith('{"end":'))
    let whole = 0
    let start = 0
    for (let length = 0; length <= bytes.length; length++) {
      const { traces: [trace], problems } = decodeTrace(bytes.toString('utf8', 0, length))
      if (length === start + Buffer.byteLength(lines[whole] ?? '')) {
        start = length + 1
        whole++
        if (trace !== undefined) {
          checkTrace(trace)
          checkViews(trace, false)
        }
      }
      const isEnded = length <= start && length >= start - 1 && whole > end
      if (isEnded ? problems.length > 0 : problems.length === 0) throw new Error(`${length}: ${JSON.stringify(problems)}`)
      if (trace !== undefined && trace.spans.length > views.size) throw new Error(`${length}: ${trace.spans.length} spans`)
    }
    // Behind the last end of line stands nothing.
    expect(whole).toBe(lines.length)
  }, 120_000)

  test('10,000 flipped bytes never make a wrong value', () => {
    const random = seeded(3)
    for (let i = 0; i < 10_000; i++) {
      const at = Math.floor(random() * bytes.length)
      const before = bytes[at]!
      bytes[at] = Math.floor(random() * 256)
      const isSame = bytes[at] === before
      const { traces, problems } = decodeTrace(bytes.toString('utf8'))
      bytes[at] = before
      if (isSame) continue
      if (problems.length === 0) throw new Error(`byte ${at}: nobody says so`)
      for (const trace of traces) checkViews(trace, true)
    }
  }, 120_000)
})
