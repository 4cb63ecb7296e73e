import { writeSync } from 'node:fs'
import type { Part } from '../../src/model/message.ts'
import { partList } from '../../src/model/part-list.ts'
import type { Span } from '../../src/model/span.ts'
import { within } from '../../src/record/context.ts'
import { beginLlmCall } from '../../src/record/llm-call.ts'
import { Profiler } from '../../src/record/profiler.ts'
import type { SpanRecord } from '../../src/record/recorder.ts'
import { toSpan } from '../../src/record/trace.ts'
import { seeded } from './random.ts'

/**
 * A program that records until it is killed. What it did it tells at once through a pipe, whatever becomes of its file: a
 * line when a span has begun, and one with all that is true of it when it has ended.
 */
export type Plan = 'agents' | 'runs' | 'exit'

/** All of a span that has to be in the file, as text. */
export function viewOf({ id, parentId, name, category, start, end, outcome, attributes, tool, llm }: Span, parts: readonly Part[]): string {
  const texts = (indexes: readonly number[] = []): unknown[] => indexes.map((at) => parts[at]?.text)
  const call = llm && { request: texts(llm.requestParts), response: texts(llm.responseParts), usage: llm.usage }
  return JSON.stringify({ id, parentId, name, category, start, end, outcome, attributes, tool, call })
}

const PIPE = 3
/** Behind it nothing is recorded. */
export const LAST_WORD = 'leaving'
/** The same clock in all processes. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
const tell = (kind: 'begun' | 'ended', { id, run }: SpanRecord, view: string): void =>
  void writeSync(PIPE, `${kind} ${nowMs().toFixed(2)} ${run.facts.traceId} ${id} ${view}\n`)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

class Victim {
  readonly #profiler: Profiler
  readonly #random: () => number
  #count = 0

  constructor(dir: string, seed: number) {
    this.#profiler = new Profiler({ dir, content: 'full', service: 'victim' })
    this.#random = seeded(seed)
  }

  begin(category: string): SpanRecord {
    const span = this.#profiler.begin(`${category} ${++this.#count} ü\u{1F600}`, category)!
    tell('begun', span, span.name)
    return span
  }

  end(span: SpanRecord): void {
    if (this.#random() < 0.5) span.set({ at: this.#count, text: 'é"\\\n'.repeat(this.#random() * 60), flag: true })
    const outcome = this.#random() < 0.1 ? ({ state: 'failed', type: 'Error', message: `no ${this.#count}` } as const) : undefined
    span.end(outcome)
    tell('ended', span, viewOf(toSpan(span, { request: () => undefined, response: () => undefined }), []))
  }

  /** A turn of an agent: a call of a model with a growing history, then tools side by side. */
  async turn(history: { text: string }[]): Promise<void> {
    history.push({ text: `question ${this.#count}` })
    const llm = beginLlmCall(this.#profiler, { name: 'gpt', category: 'llm', provider: 'openai', operation: 'chat', api: 'chat' })!
    tell('begun', llm.span, 'gpt')
    llm.requestParts(history, (message) => [{ kind: 'user', text: (message as { text: string }).text }])
    llm.requestDone()
    await pause(this.#random() * 4)
    const answer = `answer ${this.#count} ${'word '.repeat(this.#random() * 100)}`
    llm.responseParts([{ kind: 'assistant', text: answer }])
    llm.usage({ output: { total: 3, visible: 3, reasoning: 0 }, complete: true, source: 'provider' })
    llm.end()
    const parts: Part[] = [...history.map(({ text }) => text), answer].map((text) => ({ kind: 'user', hash: '', chars: 0, text }))
    const request = partList(history.map((_, i) => i))
    tell('ended', llm.span, viewOf(toSpan(llm.span, { request: () => request, response: () => [history.length] }), parts))
    history.push({ text: answer })
    await Promise.all([1, 2].map(async () => {
      const tool = this.begin('tool')
      await pause(this.#random() * 3)
      within(tool, () => this.end(this.begin('step')))
      this.end(tool)
    }))
  }

  async agent(): Promise<void> {
    const span = this.begin('agent')
    await within(span, async () => {
      const history: { text: string }[] = []
      for (;;) {
        await this.turn(history)
        if (history.length > 20) history.length = 0
      }
    })
  }

  async shortRun(): Promise<void> {
    const root = this.begin('run')
    await within(root, async () => {
      if (this.#random() < 0.5) await pause(this.#random() * 5)
      for (let i = this.#random() * 4; i > 0; i--) this.end(this.begin('step'))
      if (this.#random() < 0.2) this.begin('left open')
      this.end(root)
    })
  }

  /** @param how 0: a normal end, 1: process.exit, 2: a signal */
  leave(how: number): void {
    const root = this.begin('run')
    within(root, () => {
      for (let i = 0; i < 400; i++) this.end(this.begin('step'))
    })
    writeSync(PIPE, `${LAST_WORD}\n`)
    if (how === 1) process.exit(0)
    if (how === 2) process.kill(process.pid, 'SIGTERM')
  }
}

async function suffer(plan: Plan, dir: string, seed: number): Promise<void> {
  const victim = new Victim(dir, seed)
  switch (plan) {
    case 'agents': {
      const root = victim.begin('run')
      return void (await within(root, () => Promise.all([victim.agent(), victim.agent()])))
    }
    case 'runs':
      for (;;) await Promise.all([victim.shortRun(), victim.shortRun(), pause(2)])
    case 'exit':
      return victim.leave(seed % 3)
  }
}

const [, , plan, dir, seed] = process.argv
if (process.env['VICTIM'] === '1') void suffer(plan as Plan, dir!, Number(seed))
