import { REQUEST, TIME, WAITS_FOR } from '../../../src/model/marks.ts'
import type { Attributes, Trace } from '../../../src/model/span.ts'
import { NS_PER_MS } from '../../../src/model/units.ts'
import { at, text } from '../../shared/json.ts'
import { assemble, type SpanDraft } from '../shared/assemble.ts'
import { PartTable, withTexts } from '../shared/parts.ts'
import type { Problems } from '../shared/json-lines.ts'
import { turnAt, turnsOf, turnSpans, type Turn } from '../shared/turns.ts'
import type { Entry } from './entries.ts'
import { readThread, type Answer, type Compaction, type Thread, type ToolRun } from './thread.ts'

const ROOT = 'session'
const INFERRED: Attributes = { [TIME]: 'inferred' }
const BACKGROUND = 'background'

/** @returns undefined when nothing was asked of a model */
export function assembleSession(id: string, entries: readonly Entry[], problems: Problems): Trace | undefined {
  const table = new PartTable()
  const threads = new Map(byThread(entries).map(([name, rows]) => [name, readThread(rows, table)]))
  const all = [...threads.values()]
  if (all.every(({ answers, tools }) => answers.length === 0 && tools.length === 0)) return undefined
  const session = new Session(id, threads, entries, problems)
  const version = entries.map(({ row }) => text(row['version'])).find((one) => one !== undefined)
  const trace = assemble({
    seed: `claude-code ${id}`,
    name: 'Claude Code session',
    service: 'claude-code',
    tags: { session: id, ...(version !== undefined && { version }) },
    startedAtEpochMs: session.origin,
    spans: session.spans(),
    parts: table.parts,
  })
  return withTexts(trace, table)
}

function byThread(entries: readonly Entry[]): [string, Entry[]][] {
  const threads = new Map<string, Entry[]>()
  for (const entry of entries) {
    if (entry.kind === 'progress') continue
    const thread = threads.get(entry.thread)
    if (thread === undefined) threads.set(entry.thread, [entry])
    else thread.push(entry)
  }
  for (const rows of threads.values()) rows.sort((a, b) => a.at - b.at)
  return [...threads]
}

class Session {
  readonly origin: number
  readonly #id: string
  readonly #threads: ReadonlyMap<string, Thread>
  readonly #agents: ReadonlyMap<string, ToolRun>
  readonly #turns: readonly Turn[]

  constructor(id: string, threads: ReadonlyMap<string, Thread>, entries: readonly Entry[], problems: Problems) {
    this.#id = id
    this.#threads = threads
    // An inferred start is the time of a line before, so the first line is the earliest time there is.
    this.origin = Math.min(...[...threads.values()].map(({ start }) => start))
    this.#agents = agentsOf(threads, entries, problems)
    this.#turns = turnsOfMain(threads.get(''))
  }

  spans(): SpanDraft[] {
    const inner = [...this.#threads].flatMap(([name, thread]) => (name === '' ? this.#main(thread) : this.#subagent(name, thread)))
    const isOpen = this.#turns.at(-1)?.isOpen === true
    const threads = [...this.#threads].map(([name, thread]) => ({ thread, isUnasked: this.#isUnasked(name, thread) }))
    const alone = threads.filter(({ isUnasked }) => isUnasked)
    const end = Math.max(...threads.flatMap(({ thread, isUnasked }) => (isUnasked ? [] : thread.end)))
    const first = Math.min(...alone.map(({ thread }) => thread.start))
    return [
      { key: ROOT, name: 'Claude Code session', category: 'agent', start: 0, end: isOpen ? undefined : this.#ns(end),
        attributes: { 'gen_ai.conversation.id': this.#id } },
      // A span without length: what hangs on it runs on after it has ended, and so is waited for by nobody.
      ...(alone.length === 0 ? [] : [{
        key: BACKGROUND, parent: ROOT, name: 'in the background', category: 'internal', start: this.#ns(first), end: this.#ns(first),
        attributes: { 'spanwise.made': BACKGROUND },
      }]),
      ...inner,
    ]
  }

  #main(thread: Thread): SpanDraft[] {
    const turns = turnSpans(this.#turns, ROOT, this.origin)
    const compactions = thread.compactions.map((one) => this.#compaction(one))
    return [...turns, ...compactions, ...this.#work(thread, (time) => this.#turnAt(time))]
  }

  #compaction({ start, end, row }: Compaction): SpanDraft {
    const trigger = text(at(row, 'compactMetadata.trigger'))
    const before = at(row, 'compactMetadata.preTokens')
    return {
      key: keyOf({ end }), parent: this.#turnAt(start), name: 'compaction', category: 'memory',
      start: this.#ns(start), end: this.#ns(end),
      attributes: {
        ...INFERRED,
        ...(trigger !== undefined && { 'spanwise.compaction.trigger': trigger }),
        ...(typeof before === 'number' && { 'spanwise.compaction.tokens_before': before }),
      },
    }
  }

  #subagent(name: string, thread: Thread): SpanDraft[] {
    const tool = this.#agents.get(name)
    const key = `agent ${name}`
    const isOpen = thread.tools.some(({ end }) => end === undefined)
    // Before its own first call its file may hold copies of older lines.
    const start = thread.answers[0]?.start ?? thread.start
    return [
      { key, parent: this.#isUnasked(name, thread) ? BACKGROUND : tool === undefined ? this.#stepAt(start) : `tool ${tool.id}`, name: kindOfAgent(name, tool), category: 'agent',
        start: this.#ns(start), end: isOpen ? undefined : this.#ns(thread.end), attributes: { 'gen_ai.agent.id': name } },
      ...this.#work(thread, () => key),
    ]
  }

  /**
   * An agent that no tool call began, nor a compaction: the program warms it up, or asks it something aside, while the conversation goes on
   * without it. Where there is no conversation beside it, its file is all there is.
   */
  #isUnasked(name: string, thread: Thread): boolean {
    if (name === '' || this.#agents.has(name) || !this.#threads.has('')) return false
    return this.#compactionAt(thread.answers[0]?.start ?? thread.start) === undefined
  }

  #work({ answers, tools }: Thread, parentAt: (time: number) => string): SpanDraft[] {
    // A tool belongs where its call does, also when it went on after the user had spoken again.
    const parents = new Map(answers.map((answer) => [answer.key, parentAt(answer.start)]))
    const byAnswer = groupTools(tools)
    // What begins at one instant keeps this order: a tool before the call that is given its result.
    return answers.flatMap((answer) => [
      this.#call(answer, parents.get(answer.key)!),
      ...(byAnswer.get(answer.key) ?? []).map((tool) => this.#tool(tool, parents.get(answer.key)!)),
    ]).concat(tools.filter(({ issuedBy }) => !parents.has(issuedBy)).map((tool) => this.#tool(tool, parentAt(tool.start))))
  }

  #call({ key, start, end, model, outcome, llm, after }: Answer, parent: string): SpanDraft {
    return {
      key: `answer ${key}`, parent, name: model, category: 'llm', outcome, llm,
      attributes: 'requestParts' in llm ? { ...INFERRED, [REQUEST]: 'messages' } : INFERRED, start: this.#ns(start), end: this.#ns(end), dependsOn: after.map((id) => `tool ${id}`),
    }
  }

  #tool({ id, name, start, end, isMeasured, waitsFor, outcome, issuedBy, hashes }: ToolRun, parent: string): SpanDraft {
    return {
      key: `tool ${id}`, parent, name, category: 'tool', outcome,
      start: this.#ns(start), end: end === undefined ? undefined : this.#ns(end),
      tool: { name, callId: id, issuedBy: `answer ${issuedBy}`, ...hashes },
      attributes: { ...(!isMeasured && INFERRED), ...(waitsFor !== undefined && { [WAITS_FOR]: waitsFor }) },
    }
  }

  /** The compaction or else the turn of that time. */
  #stepAt(time: number): string {
    const compaction = this.#compactionAt(time)
    return compaction === undefined ? this.#turnAt(time) : keyOf(compaction)
  }

  #compactionAt(time: number): Compaction | undefined {
    return this.#threads.get('')?.compactions.find(({ start, end }) => start <= time && time <= end)
  }

  #turnAt(time: number): string {
    return turnAt(this.#turns, time)?.key ?? ROOT
  }

  #ns(epochMs: number): number {
    return (epochMs - this.origin) * NS_PER_MS
  }
}

function groupTools(tools: readonly ToolRun[]): Map<string, ToolRun[]> {
  const groups = new Map<string, ToolRun[]>()
  for (const tool of tools) {
    const group = groups.get(tool.issuedBy)
    if (group === undefined) groups.set(tool.issuedBy, [tool])
    else group.push(tool)
  }
  return groups
}

const keyOf = ({ end }: Pick<Compaction, 'end'>): string => `compaction at ${end}`

const kindOfAgent = (name: string, tool: ToolRun | undefined): string =>
  tool?.subagent ?? (name.startsWith('acompact') ? 'compaction agent' : 'subagent')

/** Which tool call began which subagent: the result says it, or the notes on its progress. */
function agentsOf(threads: ReadonlyMap<string, Thread>, entries: readonly Entry[], problems: Problems): Map<string, ToolRun> {
  const tools = new Map([...threads.values()].flatMap((thread) => thread.tools.map((tool) => [tool.id, tool] as const)))
  const agents = new Map<string, ToolRun>()
  const link = (agent: string | undefined, tool: ToolRun | undefined): void => {
    if (agent !== undefined && tool !== undefined && !agents.has(agent)) agents.set(agent, tool)
  }
  for (const tool of tools.values()) link(tool.agentId, tool)
  for (const { kind, row } of entries) {
    if (kind === 'progress') link(text(at(row, 'data.agentId')), tools.get(text(row['parentToolUseID']) ?? ''))
  }
  const missing = [...agents.keys()].filter((agent) => !threads.has(agent))
  for (const agent of missing) problems.note(`the file of the subagent ${agent} is not here: its calls and tokens are not counted`)
  // Inline lines of a subagent name no tool call: the one that was running then began it.
  for (const [name, { start }] of threads) {
    if (name !== '' && !agents.has(name)) link(name, [...tools.values()].find((tool) => tool.subagent !== undefined && within(tool, start)))
  }
  return agents
}

const within = ({ start, end = Infinity }: ToolRun, time: number): boolean => start <= time && time <= end

function turnsOfMain(main: Thread | undefined): Turn[] {
  if (main === undefined) return []
  const starts = new Map(main.answers.map(({ key, start }) => [key, start]))
  return turnsOf(main.prompts, [
    ...main.answers.map(({ start, end }) => ({ time: start, end })),
    // A tool belongs to the turn of its call.
    ...main.tools.map(({ issuedBy, start, end }) => ({ time: starts.get(issuedBy) ?? start, end })),
  ])
}
