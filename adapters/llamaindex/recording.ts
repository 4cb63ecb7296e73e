import { addContextFinder, CallbackSpans, outcomeOf, type Category, type Outcome, type Profiler, type SpanRecord } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { Failures } from './failures.ts'
import { Answer, readMessage, resultIn } from './messages.ts'
import { classOf, maxTokensOf, modelOf, providerOf, settingsOf } from './models.ts'
import { OpenWork, type Caller, type Work } from './open-work.ts'

type Handler = (recording: Recording, detail: Fields, caller: Caller | undefined) => void

/** What is done with each event. Those of splitting and parsing documents have no ids and are left alone. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  'llm-start': (recording, detail, caller) => recording.asked(detail, caller),
  'llm-stream': (recording, detail) => recording.piece(detail),
  'llm-end': (recording, detail) => recording.answered(detail),
  'llm-tool-call': (recording, { toolCall }, caller) => recording.toolCalled(fields(toolCall) ?? {}, caller),
  'llm-tool-result': (recording, { toolCall, toolResult }) => recording.toolGave(fields(toolCall) ?? {}, fields(toolResult) ?? {}),
  'query-start': (recording, { id, query }, caller) => recording.begin(id, caller, classOf(caller?.caller) ?? 'query', 'internal', query),
  'query-end': (recording, { id }) => recording.end(id),
  'retrieve-start': (recording, { id, query }, caller) => recording.begin(id, caller, 'retrieve', 'retrieval', query),
  'retrieve-end': (recording, { id, nodes }) => recording.found(id, list(nodes)),
  'synthesize-start': (recording, { id }, caller) => recording.begin(id, caller, 'synthesize', 'internal'),
  'synthesize-end': (recording, { id }) => recording.end(id),
  'agent-start': (recording, { startStep }, caller) => recording.step(startStep, caller),
  'agent-end': (recording, { endStep }) => recording.end(firstStepOf(endStep)),
}

/** What one profiler hears of one callback manager. */
export class Recording {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #work = new OpenWork()
  readonly #answers = new Map<string, Answer>()
  readonly #currentCaller: () => Caller | undefined
  readonly #gone = new FinalizationRegistry<string>((callerId) => this.#guard(() => this.#leave(callerId)))
  readonly #registered = new WeakSet<Caller>()
  readonly #failures = new Failures((begun, error) => this.#guard(() => this.#fail(begun, error)))
  /** What was above the innermost call that failed with an error: it fails with it next, unless it does something about it. */
  readonly #failing = new WeakMap<object, Work>()
  readonly #dropFinder: () => void

  /** @param currentCaller says who calls right here; may cost some microseconds */
  constructor(profiler: Profiler, currentCaller: () => Caller | undefined) {
    this.#profiler = profiler
    this.#spans = new CallbackSpans(profiler, 'llamaindex')
    this.#currentCaller = currentCaller
    this.#dropFinder = addContextFinder(() => this.#current())
  }

  /** Leaves all that it watches as it was. */
  stop(): void {
    this.#dropFinder()
    this.#failures.stop()
  }

  /** Watches an object's own methods for failures, before it was first heard of. */
  watch(object: unknown): void {
    this.#guard(() => this.#failures.watch(object))
  }

  hear(type: unknown, detail: unknown): void {
    const handler = typeof type === 'string' && Object.hasOwn(HANDLERS, type) ? HANDLERS[type] : undefined
    if (handler !== undefined) this.#guard(() => handler(this, fields(detail) ?? {}, this.#currentCaller()))
  }

  begin(id: unknown, caller: Caller | undefined, name: string, category: Category, query?: unknown): void {
    if (typeof id !== 'string' || this.#work.get(id) !== undefined) return
    const { above } = this.#add(id, caller, false)
    const span = this.#spans.begin(id, above?.id, name, category)
    if (span === undefined) return
    if (span.parent === undefined && category === 'internal') span.category = 'agent'
    if (span.category === 'agent') span.set({ 'gen_ai.agent.name': name })
    if (category === 'retrieval') this.#guard(() => this.#profiler.toolTexts.lookedUp(span, [fields(query)?.['query'] ?? query]))
  }

  end(id: unknown, outcome?: Outcome, endedAt?: number): void {
    if (typeof id !== 'string' || this.#work.take(id) === undefined) return
    this.#answers.delete(id)
    this.#spans.end(id, outcome, endedAt)
  }

  found(id: unknown, nodes: readonly unknown[]): void {
    const span = typeof id === 'string' && this.#work.get(id) !== undefined ? this.#spans.span(id) : undefined
    if (span?.category === 'retrieval') {
      this.#guard(() => this.#profiler.toolTexts.found(span, nodes.map((one) => text(fields(fields(one)?.['node'])?.['text']) ?? '')))
      span.set({ 'retrieval.documents': nodes.length })
    }
    this.end(id)
  }

  /** An agent's work is told step by step, and its end with the last one. */
  step(step: unknown, caller: Caller | undefined): void {
    const id = firstStepOf(step)
    if (id === undefined || this.#work.get(id) !== undefined) return
    this.begin(id, caller, classOf(caller?.caller) ?? 'agent', 'agent')
  }

  asked({ id, messages }: Fields, caller: Caller | undefined): void {
    if (typeof id !== 'string' || this.#work.get(id) !== undefined) return
    this.#endTools(list(messages))
    const { above } = this.#add(id, caller, true)
    const llm = caller?.caller
    const model = quiet(() => modelOf(llm))
    const provider = quiet(() => providerOf(llm)) ?? 'unknown'
    const api = quiet(() => classOf(llm)) ?? 'llamaindex'
    const call = this.#spans.beginLlm(id, above?.id, { name: model ?? api, category: 'llm', provider, operation: 'chat', api, isMute: true })
    if (call === undefined) return
    this.#answers.set(id, new Answer(call))
    call.read(() => {
      if (model !== undefined) call.draft.requestModel = model
      const max = maxTokensOf(llm)
      if (max !== undefined) call.draft.maxOutputTokens = max
      const settings = settingsOf(llm)
      if (Object.keys(settings).length > 0) call.span.set(settings)
      call.requestParts(list(messages), readMessage)
    })
    // Even when nothing of the request could be read: here a call that the client tells of as well becomes one with it.
    call.read(() => call.requestDone())
  }

  piece({ id, chunk }: Fields): void {
    if (typeof id === 'string') this.#answers.get(id)?.piece(fields(chunk) ?? {})
  }

  answered({ id, response }: Fields): void {
    const answer = typeof id === 'string' ? this.#answers.get(id) : undefined
    if (answer !== undefined) this.#spans.call(id as string)?.read(() => answer.whole(fields(response) ?? {}))
    this.end(id)
  }

  toolCalled({ id, name, input }: Fields, caller: Caller | undefined): void {
    const callId = text(id)
    const key = toolKey(callId ?? '')
    if (this.#work.get(key) !== undefined) return
    const { above } = this.#add(key, caller, false)
    this.#spans.beginTool(key, above?.id, { name: text(name) ?? 'tool', arguments: input, callId })
  }

  toolGave({ id }: Fields, { output, isError }: Fields): void {
    const key = toolKey(text(id) ?? '')
    this.#spans.toolGave(key, output)
    this.end(key, isError === true ? failed('ToolError', output) : undefined)
  }

  /** Of a tool that fails there is no event. The model is told of it in its next request. */
  #endTools(messages: readonly unknown[]): void {
    for (let i = messages.length - 1; i >= 0; i--) {
      const result = quiet(() => resultIn(messages[i]))
      if (result === undefined) return
      const key = toolKey(text(result['id']) ?? '')
      if (this.#work.get(key) !== undefined) this.end(key, result['isError'] === true ? failed('ToolError', result['result']) : undefined)
    }
  }

  #add(id: string, caller: Caller | undefined, isLlm: boolean) {
    const work = this.#work.add(id, caller, isLlm)
    this.#failures.begins(id)
    this.#failures.watch(caller?.caller)
    if (caller !== undefined && !this.#registered.has(caller)) {
      this.#registered.add(caller)
      this.#gone.register(caller, caller.id)
    }
    return work
  }

  #fail(begun: readonly string[], error: unknown): void {
    const isObject = typeof error === 'object' && error !== null
    const known = begun.flatMap((id) => this.#work.get(id) ?? [])
    // What called the one that failed has failed with it, up to what this method is. An agent begins after its method was entered.
    const called = isObject ? this.#failing.get(error) : undefined
    const failing = called === undefined ? known : upTo(called, known[0])
    for (const { id } of new Set([...failing, ...known])) {
      const answer = this.#answers.get(id)
      if (answer !== undefined) this.#spans.call(id)?.read(() => answer.cut())
      this.end(id, outcomeOf(error))
    }
    const above = (known[0] ?? failing.at(-1))?.above
    if (isObject && above !== undefined) this.#failing.set(error, above)
  }

  /** LlamaIndex's object of a call has gone: nobody will tell of the end of what it called. */
  #leave(callerId: string): void {
    for (const { id } of this.#work.of(callerId).toReversed()) {
      const answer = this.#answers.get(id)
      if (answer !== undefined) this.#spans.call(id)?.read(() => answer.cut())
      const span = this.#spans.span(id)
      const isLeft = answer?.isStreaming === true
      this.end(id, isLeft ? { state: 'cancelled' } : failed('UnknownError', 'it ended without a word: LlamaIndex tells of no failures'), span && lastHeardOf(span))
    }
  }

  #current(): SpanRecord | undefined {
    try {
      return this.#spans.span(this.#work.around(this.#currentCaller(), true)?.id)
    } catch {
      return undefined
    }
  }

  /** Our failures are ours. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#profiler.noteError(error)
    }
  }
}

const toolKey = (callId: string): string => `tool ${callId}`
const MAX_MESSAGE_CHARS = 1_024

const failed = (type: string, message: unknown): Outcome =>
  ({ state: 'failed', type, message: (text(message) ?? 'it answered with an error').slice(0, MAX_MESSAGE_CHARS) })

/** A piece of work and those above it, up to `top`; alone when that is not known, or not above it. */
function upTo(work: Work, top: Work | undefined): readonly Work[] {
  const chain: Work[] = []
  for (let up: Work | undefined = work; up !== undefined; up = up.above) {
    chain.push(up)
    if (up === top) return chain
  }
  return [work]
}

const MAX_STEPS = 1_000

/** The id of the first of the steps that lead to this one. */
function firstStepOf(step: unknown): string | undefined {
  let first = fields(step)
  for (let i = 0; i < MAX_STEPS; i++) {
    const before = fields(first?.['prevStep'])
    if (before === undefined) break
    first = before
  }
  return text(first?.['id'])
}

/** The end of the last thing that happened below a span. */
function lastHeardOf(span: SpanRecord): number {
  let last = span.start
  for (const other of span.run.spans) {
    for (let up: SpanRecord | undefined = other; up !== undefined; up = up.parent) {
      if (up === span) last = Math.max(last, other.start, other.ended)
    }
  }
  return last
}

/** What an object of the user's says of itself is not ours to fail on. */
function quiet<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
