import { REQUEST, TIME, WAITS_FOR, type WaitsFor } from '../../../src/model/marks.ts'
import { inputInclusive, outputInclusive, tokenCount, type Usage } from '../../../src/model/usage.ts'
import { NS_PER_MS } from '../../../src/model/units.ts'
import { CANCELLED, OK, type Attributes, type LlmDetail, type Outcome, type ToolCallRequest, type Trace } from '../../../src/model/span.ts'
import { at, fields, jsonText, text, type Fields } from '../../shared/json.ts'
import { setRequestParts, type PartList } from '../../../src/model/part-list.ts'
import { assemble, type SpanDraft } from '../shared/assemble.ts'
import { History } from '../shared/history.ts'
import { PartTable, withTexts } from '../shared/parts.ts'
import { objects, type Problems, type Row } from '../shared/json-lines.ts'
import { SessionClock } from '../shared/times.ts'
import { turnAt, turnsOf, turnSpans, type Turn } from '../shared/turns.ts'
import type { Source } from '../shared/importer.ts'
import { toolHashes } from '../shared/tool-hashes.ts'
import { partsOf } from './parts.ts'

const ROOT = 'session'
/** What the program writes in the user's name. */
const NOT_SAID = /^\s*<(user_instructions|environment_context)>/
const INFERRED: Attributes = { [TIME]: 'inferred' }

/** An answer of the model. Times are epoch milliseconds. */
interface Call {
  readonly key: string
  readonly start: number
  end: number
  readonly model: string | undefined
  readonly toolCalls: ToolCallRequest[]
  /** Keys of the tool calls whose outputs arrived since the call before it. */
  readonly after: readonly string[]
  readonly request: PartList | undefined
  readonly response: number[]
  usage: Usage | undefined
}

interface Tool {
  readonly id: string
  readonly name: string
  readonly issuedBy: string
  readonly start: number
  end: number | undefined
  outcome: Outcome
  waitsFor: WaitsFor | undefined
  hashes: ReturnType<typeof toolHashes>
}

/**
 * @param isOlder the file has neither times nor counts nor events: the items alone say what happened
 * @returns undefined when nothing was asked of a model
 */
export function readSession(source: Source, rows: readonly Row[], problems: Problems, isOlder: boolean): Trace | undefined {
  const session = new Session(problems, isOlder)
  for (const { line, row } of rows) session.line(row, line)
  return session.trace(source)
}

class Session {
  readonly #problems: Problems
  readonly #calls: Call[] = []
  readonly #tools = new Map<string, Tool>()
  readonly #prompts: number[] = []
  readonly #compactions: { readonly start: number; readonly end: number }[] = []
  readonly #isOlder: boolean
  readonly #clock = new SessionClock()
  readonly #table = new PartTable()
  readonly #history = new History(this.#table)
  #meta: Fields | undefined
  #model: string | undefined
  #first: number | undefined
  #now = 0
  /** When the next request's input was complete. */
  #ready = 0
  #outputs: string[] = []
  /** The answer whose items are arriving. */
  #open: Call | undefined
  #total: Counts = NOTHING

  constructor(problems: Problems, isOlder: boolean) {
    this.#problems = problems
    this.#isOlder = isOlder
  }

  line(row: Fields, line: number): void {
    const payload = fields(row['payload'])
    if (payload === undefined) return this.#problems.add('expected a line with a payload', line)
    const read = this.#clock.read(row['timestamp'])
    const time = typeof read === 'number' ? read : undefined
    const isSilent = this.#isOlder && row['timestamp'] === undefined
    if (time === undefined && !isSilent) this.#problems.add(`${read}; the time of the line before it is used`, line)
    const before = this.#now
    // Lines are written in order; a clock that was set back must not turn spans around.
    this.#now = Math.max(this.#now, time ?? 0)
    this.#first ??= time
    if (row['type'] === 'session_meta') this.#begin(payload)
    if (row['type'] === 'turn_context') this.#context(payload)
    if (row['type'] === 'compacted') this.#compacted(payload, before)
    if (row['type'] === 'response_item') this.#item(payload)
    if (row['type'] === 'event_msg') this.#event(payload, line)
  }

  #begin(payload: Fields): void {
    if (this.#meta !== undefined) return
    this.#meta = payload
    const instructions = text(at(payload, 'base_instructions.text')) ?? text(payload['instructions'])
    if (instructions !== undefined) this.#history.add([{ kind: 'system', text: instructions }])
  }

  /** The conversation begins anew with what the line says it was replaced by, or at least with the summary. */
  #compacted(payload: Fields, before: number): void {
    this.#compactions.push({ start: before, end: this.#now })
    this.#history.clear()
    const instructions = text(at(this.#meta, 'base_instructions.text'))
    if (instructions !== undefined) this.#history.add([{ kind: 'system', text: instructions }])
    const replaced = objects(payload['replacement_history'])
    const summary = text(payload['message']) ?? ''
    this.#history.add(replaced.length > 0 ? replaced.flatMap(partsOf) : summary === '' ? [] : [{ kind: 'user', text: summary }])
  }

  #context(payload: Fields): void {
    this.#model = text(payload['model']) ?? this.#model
    this.#ready = this.#now
  }

  #item(payload: Fields): void {
    const type = text(payload['type']) ?? ''
    const isGiven = type.endsWith('_output') || (type === 'message' && payload['role'] !== 'assistant')
    // The request is what stands before the answer's first item.
    const call = isGiven || !(type.endsWith('_call') || type === 'reasoning' || type === 'message') ? undefined : this.#answering()
    for (const part of this.#history.add(partsOf(payload))) call?.response.push(part)
    if (type.endsWith('_output')) this.#output(payload)
    else if (isGiven) this.#message(payload)
    else if (type.endsWith('_call')) this.#toolCall(payload, type)
  }

  #message(payload: Fields): void {
    this.#ready = this.#now
    if (!this.#isOlder || payload['role'] !== 'user') return
    const first = objects(payload['content'])[0]
    if (!NOT_SAID.test(text(first?.['text']) ?? '')) this.#said()
  }

  #event(payload: Fields, line: number): void {
    const type = text(payload['type']) ?? ''
    if (type === 'user_message') this.#said()
    if (type === 'token_count') this.#count(payload, line)
    if (type === 'task_started' || type === 'turn_started') this.#ready = this.#now
    if (type === 'task_complete' || type === 'turn_complete' || type === 'turn_aborted') this.#stop()
    if (type.endsWith('_end')) this.#ended(payload)
  }

  /** What was still running when the user spoke or the turn stopped will not end any more. */
  #stop(): void {
    this.#open = undefined
    for (const tool of this.#tools.values()) {
      if (tool.end !== undefined) continue
      tool.end = this.#now
      tool.outcome = CANCELLED
    }
  }

  #said(): void {
    this.#open = undefined
    // Prompts of one time, where no times are known, are one turn.
    if (this.#prompts.at(-1) !== this.#now) this.#prompts.push(this.#now)
    this.#ready = this.#now
  }

  #answering(): Call {
    if (this.#open === undefined) {
      const start = this.#ready === 0 ? this.#now : this.#ready
      this.#open = {
        key: `call ${this.#calls.length + 1}`, start, end: this.#now, model: this.#model, toolCalls: [], after: this.#outputs, usage: undefined,
        request: this.#history.request(), response: [],
      }
      this.#outputs = []
      this.#calls.push(this.#open)
    }
    this.#open.end = this.#now
    return this.#open
  }

  #toolCall(payload: Fields, type: string): void {
    const call = this.#answering()
    const name = text(payload['name']) ?? type.slice(0, -'_call'.length)
    const id = text(payload['call_id'])
    const given = payload['arguments'] ?? payload['input'] ?? payload['action']
    call.toolCalls.push({ ...(id !== undefined && { id }), name, argumentsChars: jsonText(given).length })
    // Without an id it ran at the provider, inside the call.
    if (id === undefined || this.#tools.has(id)) return
    this.#tools.set(id, { id, name, issuedBy: call.key, start: this.#now, end: undefined, outcome: OK, waitsFor: waitsFor(name, given), hashes: toolHashes(given, undefined) })
  }

  #output(payload: Fields): void {
    const id = text(payload['call_id'])
    const tool = id === undefined ? undefined : this.#tools.get(id)
    this.#ready = this.#now
    // Later versions close a call by its count.
    if (this.#isOlder) this.#open = undefined
    if (tool === undefined) return
    tool.end ??= this.#now
    tool.outcome = outcomeOf(payload['output'])
    if (REFUSED.test(saidOf(payload['output']))) {
      tool.waitsFor = 'person'
      tool.outcome = CANCELLED
    }
    tool.hashes = { ...tool.hashes, ...toolHashes(undefined, payload['output']) }
    this.#outputs.push(toolKey(tool.id))
  }

  /** Some tools have no output but an event of their end. An output that follows is later, so the event's time is the better one. */
  #ended(payload: Fields): void {
    const tool = this.#tools.get(text(payload['call_id']) ?? '')
    if (tool === undefined) return
    tool.end ??= this.#now
    if (payload['type'] === 'collab_waiting_end') tool.waitsFor = 'work'
  }

  #count(payload: Fields, line: number): void {
    const info = fields(payload['info'])
    const total = countsOf(info?.['total_token_usage'])
    if (info === undefined || total === undefined || same(total, this.#total)) return
    let used = minus(total, this.#total)
    if (used === undefined) {
      this.#problems.add('the running total of tokens went down; the count of the last call is used', line)
      used = countsOf(info['last_token_usage']) ?? total
    }
    this.#model = text(info['model']) ?? this.#model
    const call = this.#answering()
    call.usage = usageOf(used)
    this.#total = total
    this.#open = undefined
  }

  trace({ name }: Source): Trace | undefined {
    const tools = [...this.#tools.values()]
    const origin = this.#first ?? 0
    if (this.#calls.length === 0 && tools.length === 0) return undefined
    const id = text(this.#meta?.['id']) ?? name
    const version = text(this.#meta?.['cli_version'])
    const calls = new Map(this.#calls.map(({ key, start }) => [key, start]))
    const turns = turnsOf(this.#prompts, [
      ...this.#calls.map(({ start, end }) => ({ time: start, end })),
      ...tools.map(({ issuedBy, end }) => ({ time: calls.get(issuedBy)!, end })),
    ])
    const isOpen = tools.some(({ end }) => end === undefined)
    const ns = (epoch: number): number => (epoch - origin) * NS_PER_MS
    const byCall = groupTools(tools)
    const trace = assemble({
      seed: `codex ${id}`,
      name: 'Codex session',
      service: 'codex',
      tags: { session: id, ...(version !== undefined && { version }) },
      startedAtEpochMs: origin,
      spans: [
        { key: ROOT, name: 'Codex session', category: 'agent', start: 0, end: isOpen ? undefined : ns(this.#now),
          attributes: { 'gen_ai.conversation.id': id } },
        ...turnSpans(turns, ROOT, origin),
        ...this.#compactions.map((one, i): SpanDraft => ({
          key: `compaction ${i}`, parent: turnAt(turns, one.start)?.key, name: 'compaction', category: 'memory', attributes: INFERRED,
          start: ns(one.start), end: ns(one.end),
        })),
        // What begins at one instant keeps this order: a tool before the call that is given its result.
        ...this.#calls.flatMap((call) => [
          this.#callSpan(call, turns, ns),
          ...(byCall.get(call.key) ?? []).map((tool) => toolSpan(tool, turnAt(turns, call.start), ns)),
        ]),
      ],
      parts: this.#table.parts,
    })
    return withTexts(trace, this.#table)
  }

  #callSpan({ key, start, end, model, toolCalls, after, request, response, usage }: Call, turns: readonly Turn[], ns: (ms: number) => number): SpanDraft {
    const llm: LlmDetail = {
      provider: text(this.#meta?.['model_provider']) ?? 'openai', operation: 'chat', api: 'responses', streamed: true,
      ...(model !== undefined && { requestModel: model }),
      ...(response.length > 0 && { responseParts: response }),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(usage !== undefined && { usage }),
    }
    if (request !== undefined) setRequestParts(llm, request)
    return {
      key, parent: turnAt(turns, start)?.key, name: model ?? 'model', category: 'llm', llm,
      attributes: request === undefined ? INFERRED : { ...INFERRED, [REQUEST]: 'messages' },
      start: ns(start), end: ns(end), dependsOn: after,
    }
  }
}

function groupTools(tools: readonly Tool[]): Map<string, Tool[]> {
  const groups = new Map<string, Tool[]>()
  for (const tool of tools) {
    const group = groups.get(tool.issuedBy)
    if (group === undefined) groups.set(tool.issuedBy, [tool])
    else group.push(tool)
  }
  return groups
}

/** Apart from the other keys, whatever an id says. */
const toolKey = (id: string): string => `tool ${id}`

function toolSpan({ id, name, issuedBy, start, end, outcome, waitsFor: waits, hashes }: Tool, turn: Turn | undefined, ns: (ms: number) => number): SpanDraft {
  return {
    key: toolKey(id), parent: turn?.key, name, category: 'tool', start: ns(start), end: end === undefined ? undefined : ns(end), outcome,
    tool: { name, callId: id, issuedBy, ...hashes },
    ...(waits !== undefined && { attributes: { [WAITS_FOR]: waits } }),
  }
}

/** Tools that ask the user, and that wait for agents begun before; by the names in the program's list of tools. */
const ASKING: ReadonlySet<string> = new Set(['request_user_input', 'request_permissions'])
const AWAITING: ReadonlySet<string> = new Set(['wait_agent', 'wait'])
/** What the program writes as the output of what the user did not allow. */
const REFUSED = /^(?:exec command |patch )?rejected by user\b/i

function waitsFor(name: string, given: unknown): WaitsFor | undefined {
  if (ASKING.has(name)) return 'person'
  if (AWAITING.has(name)) return 'work'
  // Without anything to write it only waits for what the command says next.
  if (name === 'write_stdin' && typeof given === 'string' && given.length < 1_000) return /"chars"\s*:\s*""/.test(given) ? 'work' : undefined
  return undefined
}

const saidOf = (output: unknown): string => text(output) ?? text(at(output, 'content')) ?? ''

/** A tool says by its exit code, or by `success`, how it went. */
function outcomeOf(output: unknown): Outcome {
  const said = saidOf(output)
  const code = /^(?:[^\n]*\n){0,4}?(?:Process exited with code|Exit code:) (\d{1,5})\b/.exec(said.slice(0, 1_000))?.[1]
    // As JSON, in 2025, after the output.
    ?? (said.startsWith('{') ? /"metadata":\{"exit_code":(\d{1,5})\b[^{}]{0,100}\}\}$/.exec(said.slice(-300))?.[1] : undefined)
  if (code !== undefined && code !== '0') return { state: 'failed', type: 'ToolError', message: `exit code ${code}` }
  return at(output, 'success') === false ? { state: 'failed', type: 'ToolError', message: 'the tool gave an error' } : OK
}

interface Counts {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

const NOTHING: Counts = { input: 0, cached: 0, output: 0, reasoning: 0 }

function countsOf(value: unknown): Counts | undefined {
  const input = tokenCount(at(value, 'input_tokens'))
  const output = tokenCount(at(value, 'output_tokens'))
  if (input === undefined || output === undefined) return undefined
  const reasoning = tokenCount(at(value, 'reasoning_output_tokens')) ?? 0
  // The sum tells whether the reasoning is part of the output.
  const isApart = reasoning > 0 && at(value, 'total_tokens') === input + output + reasoning
  const all = tokenCount(isApart ? output + reasoning : output)
  return all === undefined ? undefined : { input, output: all, reasoning, cached: tokenCount(at(value, 'cached_input_tokens')) ?? 0 }
}

const same = (a: Counts, b: Counts): boolean =>
  a.input === b.input && a.output === b.output && a.cached === b.cached && a.reasoning === b.reasoning

function minus(a: Counts, b: Counts): Counts | undefined {
  const rest: Counts = { input: a.input - b.input, cached: a.cached - b.cached, output: a.output - b.output, reasoning: a.reasoning - b.reasoning }
  return Object.values(rest).every((count: number) => count >= 0) ? rest : undefined
}

function usageOf({ input, cached, output, reasoning }: Counts): Usage {
  const known = { input: inputInclusive({ input, cacheRead: cached }), output: outputInclusive({ output, reasoning }) }
  return { ...(known.input && { input: known.input }), ...(known.output && { output: known.output }), complete: true, source: 'provider' }
}
