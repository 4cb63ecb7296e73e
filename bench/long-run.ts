import { closeSync, openSync, writeSync } from 'node:fs'
import type { LlmDetail, Span } from '../src/model/span.ts'
import { RunEncoder } from '../src/trace-file/index.ts'

const RUN = 'c0ffee00'.padEnd(32, '0')
const OK = { state: 'ok' } as const
const MS = 1_000_000
const TURNS = 8
const FLUSH_CHARS = 1 << 20

const hex = (number: number): string => number.toString(16).padStart(16, '0')

/**
 * Writes the run file of an agent that worked for a long time: tickets, each answered in eight turns of a model's answer and
 * two tools that it asked for, which look things up in what lies below them. Four levels; one span in seven is a call of a
 * model, with usage, parts and an attempt. Written in pieces, because the whole is hundreds of megabytes.
 */
export class LongRun {
  readonly #encoder = new RunEncoder({
    id: RUN, name: 'support-agent', service: 'desk', startedAtEpochMs: Date.UTC(2026, 10, 21, 5),
    process: { pid: 4242, runtime: 'node v20.20.2', platform: 'linux x64' },
  })
  readonly #file: number
  #lines: string[] = []
  #chars = 0
  #spans = 1
  #parts = 0
  #seed = 1
  #now = MS

  private constructor(file: number) {
    this.#file = file
  }

  /** @returns how many spans were written, a few more than `least` */
  static write(path: string, least: number): number {
    const file = openSync(path, 'w')
    try {
      return new LongRun(file).#write(least)
    } finally {
      closeSync(file)
    }
  }

  #write(least: number): number {
    this.#line(this.#encoder.header())
    const system = this.#part('system', 2_400)
    const search = this.#part('tool-definition', 900, { name: 'search' })
    const order = this.#part('tool-definition', 600, { name: 'get_order' })
    while (this.#spans < least) this.#ticket([system, search, order])
    this.#span(0, { name: 'support-agent', category: 'agent', start: 0, end: this.#now })
    const dropped = { spans: 0, contentChars: 0, parts: 0 }
    this.#line(this.#encoder.end({ spans: this.#spans, parts: this.#parts, dropped, overheadNs: this.#spans * 3_000, selfErrors: 0 }))
    this.#flush()
    return this.#spans
  }

  #ticket(setup: readonly number[]): void {
    const at = this.#spans++
    const start = this.#now
    const request = [...setup, this.#part('user', 300 + this.#random(200))]
    for (let turn = 0; turn < TURNS; turn++) {
      const answer = this.#part('assistant', 200 + this.#random(400))
      const calls = ['search', 'get_order'].map((name, n) => ({ id: `call_${hex(this.#spans * 2 + n)}`, name, argumentsChars: 30 + this.#random(40) }))
      const issuedBy = this.#call(at, [...request], answer, calls)
      for (const { id: callId, name } of calls) {
        this.#tool(at, { name, callId, issuedBy })
        request.push(answer, this.#part('tool-result', 500 + this.#random(2_000), { name, callId }))
      }
    }
    this.#span(at, { parentId: hex(1), name: 'answer ticket', category: 'agent', start, end: this.#now })
    this.#now += MS / 20
  }

  #call(parent: number, requestParts: readonly number[], answer: number, toolCalls: NonNullable<LlmDetail['toolCalls']>): string {
    const at = this.#spans++
    const start = this.#now
    const end = start + (400 + this.#random(900)) * MS + this.#random(MS)
    const input = 900 + requestParts.length * 220 + this.#random(300)
    const cacheRead = Math.floor(input / 2)
    const output = 40 + this.#random(400)
    this.#now = end + MS / 50
    return this.#span(at, {
      parentId: hex(parent + 1), name: 'chat.completions.create', category: 'llm', start, end,
      llm: {
        provider: 'openai', operation: 'chat', api: 'chat.completions', streamed: true,
        requestModel: 'gpt-5-mini', responseModel: 'gpt-5-mini-2025-08-07', responseId: `chatcmpl-${hex(at)}`,
        firstToken: start + 100 * MS, lastToken: end - 1_000, chunks: 120, finishReasons: ['tool_calls'],
        usage: {
          input: { total: input, uncached: input - cacheRead, cacheRead, cacheWrite: 0 }, output: { total: output, visible: output, reasoning: 0 },
          complete: true, source: 'provider',
          raw: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, prompt_tokens_details: { cached_tokens: cacheRead } },
        },
        requestParts, responseParts: [answer], toolCalls, attempts: [{ start, firstByte: start + 90 * MS, end, status: 200 }],
      },
    })
  }

  #tool(parent: number, tool: NonNullable<Span['tool']>): void {
    const at = this.#spans
    this.#spans += 3
    const start = this.#now
    const end = start + (30 + this.#random(200)) * MS
    const below = (place: number, inside: number, name: string, category: string): void => {
      const attributes = { 'db.system': 'postgresql', 'db.rows': this.#random(50) }
      this.#span(at + place, { parentId: hex(at + place), name, category, start: start + inside, end: end - inside, ...(place === 2 && { attributes }) })
    }
    this.#span(at, { parentId: hex(parent + 1), name: tool.name, category: 'tool', start, end, tool })
    below(1, 10_000, 'look up', 'retrieval')
    below(2, 20_000, 'db.query', 'internal')
    this.#now = end + MS / 100
  }

  #span(at: number, span: Omit<Span, 'id' | 'traceId' | 'outcome'>): string {
    const id = hex(at + 1)
    this.#line(this.#encoder.span({ id, traceId: RUN, outcome: OK, ...span }, at))
    return id
  }

  #part(kind: 'system' | 'tool-definition' | 'user' | 'assistant' | 'tool-result', chars: number, more: { readonly name?: string; readonly callId?: string } = {}): number {
    const at = this.#parts++
    this.#line(this.#encoder.part({ kind, hash: hex(at * 7_919), chars, ...more }, at))
    return at
  }

  #line(text: string): void {
    this.#lines.push(text)
    this.#chars += text.length
    if (this.#chars > FLUSH_CHARS) this.#flush()
  }

  #flush(): void {
    writeSync(this.#file, this.#lines.join(''))
    this.#lines = []
    this.#chars = 0
  }

  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return this.#seed % below
  }
}
