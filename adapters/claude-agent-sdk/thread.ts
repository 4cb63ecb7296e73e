import { TIME, WAITS_FOR, type CallbackSpans, type Outcome, type PartDraft, type Profiler } from '../../src/kit.ts'
import { blocksOf, isToolUse, outcomeOf, partsOf, textOf } from '../shared/claude-code/messages.ts'
import { waitsFor } from '../shared/claude-code/waits.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { AgentCall, type Retry } from './call.ts'

/** A call of a tool whose result has not come. */
export interface ToolRun {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly input: unknown
  readonly thread: Thread
  readonly startedMs: number
}

/** What the threads of a query share. */
export interface Shared {
  readonly profiler: Profiler
  readonly spans: CallbackSpans
  /** A span's id among those of all queries. */
  key(name: string): string
  readonly rootKey: string
  /** By the ids that the model gave them. */
  readonly tools: Map<string, ToolRun>
}

/** The name that a tool of an MCP server has for the model. */
const OF_SERVER = /^mcp__(.+?)__(.+)$/s
/** No model was asked: the program says it itself. */
const SYNTHETIC = '<synthetic>'
/** A reader is behind by a few spans. */
const LOOK_BACK = 100

/** One conversation with the model: that of the query, or of a subagent. */
export class Thread {
  /** The id of the span that its work is below. */
  parentKey: string
  /** When the last thing in it happened, by the profiler's clock: the next call of the model begins there. */
  lastMs: number
  model: string | undefined
  /** Calls since it was last set. */
  calls = 0
  readonly #shared: Shared
  readonly #history: PartDraft[] = []
  /** What the next request says beyond the last one and its answer. */
  readonly #given: PartDraft[] = []
  #call: AgentCall | undefined
  #lastId: string | undefined
  #retries: Retry[] = []

  constructor(shared: Shared, parentKey: string, startedMs: number) {
    this.#shared = shared
    this.parentKey = parentKey
    this.lastMs = startedMs
  }

  touch(): void {
    this.lastMs = this.#shared.profiler.now()
  }

  give(parts: readonly PartDraft[]): void {
    this.#given.push(...parts)
  }

  /** Nothing of what was said before is sent again. */
  forget(): void {
    this.endCall()
    this.#history.length = 0
  }

  assistant(said: Fields): void {
    const message = fields(said['message'])
    if (message === undefined) return
    const model = text(message['model'])
    const error = text(said['error'])
    if (model === SYNTHETIC) {
      if (error !== undefined) this.#failed(error)
      return this.touch()
    }
    const call = this.#callOf(text(message['id']), model)
    call?.message(message)
    if (said['aborted'] === true && call !== undefined) call.outcome = { state: 'cancelled' }
    this.touch()
    for (const block of blocksOf(message)) if (isToolUse(block)) this.#tool(block)
  }

  /** One of the provider's own events. */
  event(event: Fields): void {
    const message = event['type'] === 'message_start' ? fields(event['message']) : undefined
    const call = message === undefined ? this.#call : this.#callOf(text(message['id']), text(message['model']))
    call?.event(event)
    this.touch()
    if (event['type'] === 'message_stop') this.endCall()
  }

  /** A request failed and is going to be sent again. */
  retry({ retry_delay_ms: wait, error_status: status, error }: Fields): void {
    this.endCall()
    const before = this.#retries.at(-1)
    const now = this.#shared.profiler.now()
    const startedMs = before === undefined ? this.lastMs : Math.min(now, before.failedMs + before.waitMs)
    this.#retries.push({
      startedMs, failedMs: now, waitMs: typeof wait === 'number' && wait > 0 ? wait : 0,
      status: typeof status === 'number' ? status : undefined, error: text(error),
    })
  }

  #failed(error: string): void {
    this.endCall()
    this.#begin(undefined, this.model, error)
    this.endCall()
  }

  #callOf(id: string | undefined, model: string | undefined): AgentCall | undefined {
    if (this.#call !== undefined && this.#call.id === id) return this.#call
    // A block that comes after its end.
    if (id !== undefined && id === this.#lastId) return undefined
    this.endCall()
    return this.#begin(id, model)
  }

  #begin(id: string | undefined, model: string | undefined, failure?: string): AgentCall | undefined {
    const { profiler, spans } = this.#shared
    this.#lastId = id
    this.calls++
    if (model !== undefined) this.model = model
    const retries = this.#retries.splice(0)
    const parent = spans.span(this.parentKey)
    if (parent === undefined) return undefined
    this.#history.push(...this.#given.splice(0))
    this.#call = new AgentCall(profiler, { parent, id, model, retries, failure, startedMs: this.lastMs, request: this.#history })
    return this.#call
  }

  /** Its call that is open ended with what came last of it. */
  endCall(): void {
    const call = this.#call
    this.#call = undefined
    if (call === undefined) return
    call.end()
    this.#history.push(...call.said)
  }

  /** @param usage of its one call since then, or its last one: counted by who saw it whole */
  counted(usage: Fields | undefined): void {
    this.#call?.counted(usage)
  }

  /**
   * Its answer, where the SDK keeps subagents' texts to itself: the call that gave it was seen by nobody.
   * @param answer `content` and `usage` as the result of the tool that began it has them
   */
  answered({ content, usage, totalToolUseCount: tools }: Fields): void {
    const isKnown = this.#call?.isAnswer === true
    if (isKnown) this.counted(fields(usage))
    this.endCall()
    // Of one that worked unseen nobody knows when it began to answer.
    const isUnseen = this.calls === 0 && typeof tools === 'number' && tools > 0
    if (isKnown || isUnseen) return
    this.#begin(undefined, this.model)?.message({ content, usage, stop_reason: 'end_turn' })
    this.endCall()
  }

  #tool(block: Fields): void {
    const { profiler, spans, tools, key } = this.#shared
    const id = text(block['id'])
    if (id === undefined || tools.has(id) || spans.span(this.parentKey) === undefined) return
    const [, server, own] = OF_SERVER.exec(text(block['name']) ?? '') ?? []
    const name = own ?? text(block['name']) ?? 'tool'
    const tool: ToolRun = { id, key: key(`tool ${id}`), name, input: block['input'], thread: this, startedMs: profiler.now() }
    tools.set(id, tool)
    if (server !== undefined && this.#hasRun(tool)) return
    spans.beginTool(tool.key, this.parentKey, {
      name, arguments: block['input'], callId: id, attributes: { 'mcp.server.name': server },
    })
  }

  /** Whether it is a recorded function of this process, and ran before anybody read that the model asked for it. */
  #hasRun({ id, name, input }: ToolRun): boolean {
    const { profiler, spans, rootKey } = this.#shared
    const root = spans.span(rootKey)
    const unclaimed = root?.run.spans.slice(-LOOK_BACK).filter(({ parent, open, details }) =>
      parent === root && !open && details?.tool?.name === name && details.tool.callId === undefined)
    // What else it is called with is the SDK's: then only their order tells which is which.
    const hash = profiler.toolTexts.hashOfArguments(input)
    const ran = unclaimed?.find(({ details }) => details?.tool?.argumentsHash === hash) ?? unclaimed?.[0]
    const tool = ran?.details?.tool
    if (ran === undefined || tool === undefined) return false
    tool.callId = id
    const issuer = ran.run.takeToolCallById(id)?.span
    if (issuer !== undefined) tool.issuedBy = issuer.id
    ran.run.owner.sink?.ended(ran)
    return true
  }

  /** @param facts what the program noted of the result for itself */
  toolEnded({ id, key, name, input, startedMs }: ToolRun, block: Fields, facts: unknown): void {
    const { profiler, spans, tools } = this.#shared
    tools.delete(id)
    const waits = waitsFor({ name, input, block, noted: facts, said: textOf(block) })
    const took = fields(facts)?.['durationMs']
    const isMeasured = typeof took === 'number' && took >= 0 && profiler.now() - took > startedMs
    const span = spans.span(key)
    // Where a limit left it out, that of what it is below.
    if (span?.open === true && span.details?.tool?.callId === id) {
      span.set({ ...(!isMeasured && { [TIME]: 'inferred' }), ...(waits !== undefined && { [WAITS_FOR]: waits }) })
      if (isMeasured) {
        span.start = Math.max(span.start, span.run.sinceStart(profiler.now() - took))
        span.run.isUnsorted = true
      }
    }
    const { content } = block
    spans.toolGave(key, list(content).length === 1 && textOf(block) !== '' ? textOf(block) : content)
    spans.end(key, outcomeOf(block, fields(facts)))
  }

  /** What the user said, or the tools: it goes into the next request. */
  user(message: Fields | undefined): void {
    this.give(partsOf(message, 'user'))
    this.touch()
  }

  /** Nothing more comes of it. */
  close(outcome: Outcome): void {
    this.endCall()
    const { spans, tools } = this.#shared
    for (const tool of tools.values()) {
      if (tool.thread !== this) continue
      tools.delete(tool.id)
      spans.end(tool.key, outcome.state === 'ok' ? { state: 'cancelled' } : outcome)
    }
  }
}
