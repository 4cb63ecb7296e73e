import type { CallbackSpans, Outcome, Profiler, SpanRecord } from '../../src/kit.ts'
import { blocksOf, outcomeOf } from '../shared/claude-code/messages.ts'
import { fields, text, type Fields } from '../shared/json.ts'
import { factsOf, outcomeOfResult, outcomeOfTask } from './result.ts'
import { Thread, type Shared, type ToolRun } from './thread.ts'

export interface Asked {
  /** Of the agent's span. */
  readonly name: string
  /** Undefined when it is a stream of messages. */
  readonly prompt: string | undefined
  readonly systemPrompt: string | undefined
}

interface Subagent {
  readonly key: string
  readonly thread: Thread
}

const OK: Outcome = { state: 'ok' }
const CANCELLED: Outcome = { state: 'cancelled' }
let queries = 0

/** One query, from its call until its messages are over, by what they tell. Nothing here throws. */
export class QueryRecording {
  readonly #profiler: Profiler
  readonly #shared: Shared
  readonly #main: Thread
  readonly #rootKey: string
  /** Only a stream of prompts has several. */
  readonly #hasTurns: boolean
  readonly #subagents = new Map<string, Subagent>()
  /** Which iterator gave a message: one may have it from the other. */
  readonly #seen = new WeakMap<object, object>()
  #turns = 0
  #turnKey: string | undefined
  #isIdle = true
  #idleSinceMs: number
  #compactingSinceMs: number | undefined
  /** Messages of the prompt that came while it was at work: they go along with what a tool gives, or begin a turn. */
  readonly #prompts: (Fields | undefined)[] = []
  #result: Outcome | undefined
  #isOver = false

  constructor(profiler: Profiler, spans: CallbackSpans, { name, prompt, systemPrompt }: Asked) {
    const query = ++queries
    this.#profiler = profiler
    this.#hasTurns = prompt === undefined
    this.#rootKey = `${query} query`
    this.#shared = { profiler, spans, tools: new Map(), key: (id) => `${query} ${id}`, rootKey: this.#rootKey }
    this.#idleSinceMs = profiler.now()
    spans.begin(this.#rootKey, undefined, name, 'agent')
    this.#main = new Thread(this.#shared, this.#rootKey, this.#idleSinceMs)
    if (systemPrompt !== undefined) this.#main.give([{ kind: 'system', text: systemPrompt }])
    if (prompt !== undefined) this.#main.give([{ kind: 'user', text: prompt }])
  }

  /** Undefined when it is not recorded. */
  get span(): SpanRecord | undefined {
    return this.#shared.spans.span(this.#rootKey)
  }

  /** The SDK took a message of the prompt. */
  prompted(message: unknown): void {
    this.#quietly(() => {
      const said = fields(message)
      if (said === undefined) return
      this.#prompts.push(fields(said['message']))
      this.#wake()
    })
  }

  /** The user took a message of the SDK's from an iterator. */
  take(message: unknown, iterator: object): void {
    this.#quietly(() => {
      const said = fields(message)
      if (said === undefined || this.#wasSeen(said, iterator)) return
      switch (said['type']) {
        case 'assistant': return this.#threadOf(said).assistant(said)
        case 'stream_event': return this.#threadOf(said).event(fields(said['event']) ?? {})
        case 'user': return this.#user(said)
        case 'system': return this.#system(said)
        case 'result': return this.#resulted(said)
        default:
      }
    })
  }

  #wasSeen(message: object, iterator: object): boolean {
    const first = this.#seen.get(message)
    if (first === undefined || first === iterator) {
      this.#seen.set(message, iterator)
      return false
    }
    return this.#seen.delete(message)
  }

  #quietly(look: () => void): void {
    if (this.#isOver || this.span === undefined) return
    try {
      look()
    } catch (error) {
      this.#profiler.noteError(error)
    }
  }

  /** Something is done for the user, after nothing was. */
  #wake(): void {
    if (!this.#isIdle) return
    this.#isIdle = false
    this.#result = undefined
    this.#main.touch()
    this.#main.calls = 0
    if (this.#hasTurns) this.#beginTurn()
    this.#sendPrompts()
  }

  #sendPrompts(): void {
    for (const message of this.#prompts.splice(0)) this.#main.user(message)
  }

  #beginTurn(): void {
    const { spans, key } = this.#shared
    if (this.#turns > 0) {
      const pause = key(`pause ${this.#turns}`)
      spans.begin(pause, this.#rootKey, 'waiting for the user', 'user', { startedMs: this.#idleSinceMs })
      spans.end(pause)
    }
    this.#turnKey = key(`turn ${++this.#turns}`)
    spans.begin(this.#turnKey, this.#rootKey, 'turn', 'agent')
    this.#main.parentKey = this.#turnKey
  }

  #threadOf({ parent_tool_use_id: parent, subagent_type: type }: Fields): Thread {
    const id = text(parent)
    if (id !== undefined) return this.#subagent(id, text(type)).thread
    this.#wake()
    return this.#main
  }

  #subagent(id: string, type: string | undefined): Subagent {
    const known = this.#subagents.get(id)
    if (known !== undefined) return known
    const { spans, tools, key } = this.#shared
    const tool = tools.get(id)
    const startedMs = tool?.startedMs ?? this.#profiler.now()
    const input = fields(tool?.input)
    const subagent = { key: key(`agent ${id}`), thread: new Thread(this.#shared, key(`agent ${id}`), startedMs) }
    const prompt = text(input?.['prompt'])
    if (prompt !== undefined) subagent.thread.give([{ kind: 'user', text: prompt }])
    spans.begin(subagent.key, tool?.key ?? this.#main.parentKey, text(input?.['subagent_type']) ?? type ?? 'subagent', 'agent', { startedMs })
    this.#subagents.set(id, subagent)
    return subagent
  }

  #user(said: Fields): void {
    if (said['isReplay'] === true) return
    const message = fields(said['message'])
    // What is noted between two turns begins none.
    const thread = text(said['parent_tool_use_id']) === undefined ? this.#main : this.#threadOf(said)
    const results = blocksOf(message).filter(({ type }) => type === 'tool_result')
    for (const block of results) {
      const tool = this.#shared.tools.get(text(block['tool_use_id']) ?? '')
      if (tool !== undefined) this.#toolEnded(tool, block, results.length === 1 ? said['tool_use_result'] : undefined)
    }
    thread.user(message)
    if (thread === this.#main && results.length > 0) this.#sendPrompts()
  }

  #toolEnded(tool: ToolRun, block: Fields, noted: unknown): void {
    const facts = fields(noted)
    const isLaunched = facts?.['isAsync'] === true || text(facts?.['status'])?.endsWith('_launched') === true
    const hasAnswered = facts?.['status'] === 'completed' && fields(facts['usage']) !== undefined
    if (hasAnswered || (isLaunched && fields(tool.input)?.['subagent_type'] !== undefined)) this.#subagent(tool.id, undefined)
    const subagent = this.#subagents.get(tool.id)
    if (subagent !== undefined && !isLaunched) {
      if (hasAnswered) subagent.thread.answered(facts)
      this.#shared.spans.span(subagent.key)?.set({ 'claude_code.total_tokens': facts?.['totalTokens'], 'claude_code.duration_ms': facts?.['totalDurationMs'] })
      this.#endSubagent(tool.id, outcomeOf(block, facts))
    }
    tool.thread.toolEnded(tool, block, noted)
  }

  #endSubagent(id: string, outcome: Outcome): void {
    const subagent = this.#subagents.get(id)
    if (subagent === undefined) return
    subagent.thread.close(outcome)
    this.#shared.spans.end(subagent.key, outcome)
  }

  #system(said: Fields): void {
    switch (said['subtype']) {
      case 'init': return this.#begun(said)
      case 'status': return this.#status(text(said['status']))
      case 'api_retry': {
        this.#wake()
        return this.#main.retry(said)
      }
      case 'compact_boundary': return this.#compacted(said)
      case 'task_started': {
        const id = text(said['tool_use_id'])
        if (id !== undefined && said['task_type'] === 'local_agent') this.#subagent(id, text(said['subagent_type'])).thread.touch()
        return
      }
      case 'task_notification': {
        const id = text(said['tool_use_id'])
        if (id !== undefined) this.#endSubagent(id, outcomeOfTask(said))
        return
      }
      default:
    }
  }

  /** Told anew at the beginning of each turn. */
  #begun(said: Fields): void {
    this.#wake()
    this.#main.touch()
    this.#main.model ??= text(said['model'])
    this.span?.set({ 'gen_ai.conversation.id': said['session_id'], 'claude_code.version': said['claude_code_version'] })
  }

  #status(status: string | undefined): void {
    if (status === 'compacting') {
      this.#wake()
      this.#compactingSinceMs ??= this.#profiler.now()
    } else if (status === 'requesting') {
      this.#wake()
      this.#main.endCall()
      this.#main.touch()
    }
  }

  #compacted(said: Fields): void {
    this.#wake()
    const { spans, key } = this.#shared
    const facts = fields(said['compact_metadata'])
    this.#main.forget()
    const id = key('compaction')
    spans.begin(id, this.#main.parentKey, 'compaction', 'memory', { startedMs: this.#compactingSinceMs ?? this.#main.lastMs })?.set({
      ...(this.#compactingSinceMs === undefined && { 'spanwise.time': 'inferred' }),
      'spanwise.compaction.trigger': facts?.['trigger'], 'spanwise.compaction.tokens_before': facts?.['pre_tokens'],
    })
    spans.end(id)
    this.#compactingSinceMs = undefined
    this.#main.touch()
  }

  /** A turn is over; of a prompt that is a text, all of it. */
  #resulted(said: Fields): void {
    this.#wake()
    const { spans } = this.#shared
    const outcome = outcomeOfResult(said)
    if (this.#main.calls === 1) this.#main.counted(fields(said['usage']))
    this.#main.close(outcome.state === 'cancelled' ? outcome : OK)
    spans.span(this.#turnKey ?? this.#rootKey)?.set(factsOf(said))
    this.span?.set({ 'gen_ai.conversation.id': said['session_id'], 'claude_code.total_cost_usd': said['total_cost_usd'] })
    if (this.#turnKey !== undefined) spans.end(this.#turnKey, outcome)
    this.#turnKey = undefined
    this.#main.parentKey = this.#rootKey
    this.#result = outcome
    this.#isIdle = true
    this.#idleSinceMs = this.#profiler.now()
  }

  /** The messages are over. How it came out the result said, unless it went wrong after it. */
  end(outcome: Outcome): void {
    if (this.#isOver) return
    const result = this.#result
    const own = result === undefined || (outcome.state === 'failed' && result.state === 'ok')
    const final = own ? outcome : result
    try {
      for (const id of this.#subagents.keys()) this.#endSubagent(id, CANCELLED)
      this.#main.close(final.state === 'ok' ? CANCELLED : final)
      if (this.#turnKey !== undefined) this.#shared.spans.end(this.#turnKey, final)
    } catch (error) {
      this.#profiler.noteError(error)
    }
    this.#isOver = true
    this.#shared.spans.end(this.#rootKey, final)
  }
}
