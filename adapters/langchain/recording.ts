import {
  addContextFinder, CallbackSpans, outcomeOf, type Outcome, type Profiler, type SpanRecord,
} from '../../src/kit.ts'
import { at, fields, list, text } from '../shared/json.ts'
import { currentRunId } from './context.ts'
import { readContent } from './messages.ts'
import { ModelRun, modelOf, type ModelStart } from './model.ts'
import { chainAttributes, classOf, isAgent, isPlumbing, nameOf, providerOf, type ChainStart } from './names.ts'

/** A piece of work as LangChain tells of it. */
interface Run {
  readonly id: string
  readonly above: Run | undefined
  /** Whether it has a span. What is below one that has none belongs to the span above it. */
  isShown: boolean
  model?: ModelRun
  /** Takes off what was put somewhere for it. */
  done?: () => void
  /** Pieces of work right below it that are under way. */
  open: number
  /** Nobody will tell of its end any more. */
  isLeft: boolean
}

export interface Ids {
  readonly id: string
  readonly parentId: string | undefined
  /** An object of LangChain's own that lives as long as somebody could tell of the end. */
  readonly alive: unknown
}

/** Work whose end is never told must not be kept for ever. */
const MAX_RUNS = 20_000
const MAX_ASKED = 1_000

/**
 * All that one profiler hears from LangChain, through however many handlers: what is told twice counts once.
 *
 * A stream that its reader leaves ends without a word to any callback. That is noticed when LangChain's own objects of the run
 * have gone, and the run then ends, as cancelled, at the time at which it was last heard of.
 */
export class Recording {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #runs = new Map<string, Run>()
  /** Names of tools that answers asked for, by the id of the call: tools of a class of their own are told without one. */
  readonly #asked = new Map<string, string>()
  readonly #gone = new FinalizationRegistry<string>((id) => this.#guard(() => this.#leave(id)))

  constructor(profiler: Profiler) {
    this.#profiler = profiler
    this.#spans = new CallbackSpans(profiler, 'langchain')
    addContextFinder(() => this.#current())
  }

  chain(ids: Ids, start: ChainStart, showsAll: boolean): void {
    this.#begin(ids, (above) => {
      const name = nameOf(start.serialized, start.runName)
      if (above !== undefined && !showsAll && isPlumbing(start)) return false
      const span = this.#spans.begin(ids.id, above, name, isAgent(start) ? 'agent' : 'internal')
      if (span === undefined) return true
      if (span.parent === undefined) span.category = 'agent'
      const attributes = { ...chainAttributes(start), ...(span.category === 'agent' && { 'gen_ai.agent.name': name }) }
      if (Object.keys(attributes).length > 0) span.set(attributes)
      return true
    })
  }

  model(ids: Ids, serialized: unknown, runName: string | undefined, start: ModelStart, operation: string): void {
    this.#begin(ids, (above, run) => {
      const provider = providerOf(serialized, start.metadata)
      const name = modelOf(start) ?? nameOf(serialized, runName)
      const call = this.#spans.beginLlm(ids.id, above, { name, category: 'llm', provider, operation, api: classOf(serialized) ?? 'langchain' })
      if (call === undefined) return true
      run.model = new ModelRun(call, start)
      this.#endOnAbort(run, at(start.extra, 'options.signal'))
      return true
    })
  }

  tool(ids: Ids, serialized: unknown, runName: string | undefined, input: unknown, callId: string | undefined): void {
    this.#begin(ids, (above) => {
      const name = runName || (callId === undefined ? undefined : this.#asked.get(callId)) || nameOf(serialized, undefined)
      this.#spans.beginTool(ids.id, above, { name, arguments: input, callId })
      return true
    })
  }

  retriever(ids: Ids, serialized: unknown, runName: string | undefined, query: unknown): void {
    this.#begin(ids, (above) => {
      const span = this.#spans.begin(ids.id, above, nameOf(serialized, runName), 'retrieval')
      if (span !== undefined) this.#guard(() => this.#profiler.toolTexts.lookedUp(span, [query]))
      return true
    })
  }

  token(id: string, piece: unknown, told: unknown): void {
    this.#guard(() => this.#runs.get(id)?.model?.token(piece, told))
  }

  event(id: string, event: unknown): void {
    this.#guard(() => this.#runs.get(id)?.model?.event(event))
  }

  answered(id: string, output: unknown, isCached: boolean): void {
    const model = this.#runs.get(id)?.model
    if (model !== undefined) this.#guard(() => {
      this.#spans.call(id)?.read(() => model.answered(output, isCached))
      this.#remember(output)
    })
    this.end(id)
  }

  toolGave(id: string, output: unknown): void {
    this.#guard(() => {
      const message = fields(output)
      const isMessage = message !== undefined && 'tool_call_id' in message
      this.#spans.toolGave(id, isMessage ? readContent(message['content'], 'tool-result').map((part) => part.text).join('') : output)
      const span = this.#spans.span(id)
      const name = isMessage ? text(message['name']) : undefined
      if (span?.category === 'tool' && name) this.#rename(span, name)
      if (isMessage && message['status'] === 'error') this.end(id, { state: 'failed', type: 'ToolError', message: 'it answered with an error' })
    })
    this.end(id)
  }

  found(id: string, documents: unknown): void {
    this.#guard(() => {
      const span = this.#runs.has(id) ? this.#spans.span(id) : undefined
      if (span?.category !== 'retrieval') return
      this.#profiler.toolTexts.found(span, documents)
      span.set({ 'retrieval.documents': list(documents).length })
    })
    this.end(id)
  }

  failed(id: string, error: unknown): void {
    this.#guard(() => {
      const model = this.#runs.get(id)?.model
      if (model !== undefined) this.#spans.call(id)?.read(() => model.cut(error))
      if (fields(error)?.['name'] === 'GraphInterrupt') this.#shownSpan(id)?.set({ 'langgraph.interrupted': true })
    })
    this.end(id, outcomeOfError(error))
  }

  /** Ends a piece of work; only the first end counts. */
  end(id: string, outcome?: Outcome, endedAt?: number): void {
    this.#guard(() => {
      const run = this.#runs.get(id)
      if (run === undefined) return
      this.#runs.delete(id)
      this.#gone.unregister(run)
      run.done?.()
      this.#spans.end(id, outcome, endedAt)
      const { above } = run
      if (above !== undefined && --above.open === 0 && above.isLeft) this.#leave(above.id)
    })
  }

  /** @param begin gives back whether it has a span. It gets the id of the span above, and the run */
  #begin({ id, parentId, alive }: Ids, begin: (above: string | undefined, run: Run) => boolean): void {
    this.#guard(() => {
      if (this.#runs.has(id)) return
      const above = parentId === undefined ? undefined : this.#runs.get(parentId)
      const run: Run = { id, above, isShown: false, open: 0, isLeft: false }
      this.#keep(run)
      run.isShown = begin(shown(above)?.id, run)
      if (above !== undefined) above.open++
      if (typeof alive === 'object' && alive !== null) this.#gone.register(alive, id, run)
    })
  }

  #keep(run: Run): void {
    if (this.#runs.size >= MAX_RUNS) {
      for (const [oldest] of this.#runs) {
        this.#runs.delete(oldest)
        break
      }
    }
    this.#runs.set(run.id, run)
  }

  /** LangChain goes on with a stream only when somebody asks for its next piece. After an abort nobody does. */
  #endOnAbort(run: Run, signal: unknown): void {
    if (!(signal instanceof AbortSignal)) return
    // Made here, where it holds nothing of LangChain's: as long as the run is known, so would be that.
    const end = (): void => this.#guard(() => {
      const { id, model } = run
      this.#spans.call(id)?.read(() => model?.cut(undefined))
      this.end(id, { state: 'cancelled' })
    })
    signal.addEventListener('abort', end, { once: true })
    run.done = () => signal.removeEventListener('abort', end)
  }

  /** Nobody can tell of its end any more. What is below it and still under way may be told of. */
  #leave(id: string): void {
    const run = this.#runs.get(id)
    if (run === undefined) return
    run.isLeft = true
    if (run.open > 0) return
    const span = run.isShown ? this.#spans.span(id) : undefined
    const { model } = run
    if (model !== undefined) this.#spans.call(id)?.read(() => model.cut(undefined))
    this.end(id, { state: 'cancelled' }, model?.heardAt ?? (span && lastHeardOf(span)))
  }

  #current(): SpanRecord | undefined {
    try {
      const run = this.#runs.get(currentRunId() ?? '')
      return run === undefined ? undefined : this.#spans.span(shown(run)?.id)
    } catch {
      return undefined
    }
  }

  #shownSpan(id: string): SpanRecord | undefined {
    return this.#spans.span(shown(this.#runs.get(id))?.id)
  }

  #remember(output: unknown): void {
    for (const choice of list(list(fields(output)?.['generations'])[0])) {
      for (const item of list(at(choice, 'message.tool_calls'))) {
        const call = fields(item)
        const id = text(call?.['id'])
        const name = text(call?.['name'])
        if (id === undefined || name === undefined) continue
        if (this.#asked.size >= MAX_ASKED) for (const oldest of this.#asked.keys()) { this.#asked.delete(oldest); break }
        this.#asked.set(id, name)
      }
    }
  }

  #rename(span: SpanRecord, name: string): void {
    span.name = name
    if (span.details?.tool !== undefined) span.details.tool = { ...span.details.tool, name }
  }

  /** Our failures are ours: LangChain would print them. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#profiler.noteError(error)
    }
  }
}

function shown(run: Run | undefined): Run | undefined {
  let up = run
  while (up !== undefined && !up.isShown) up = up.above
  return up
}

/** The end of the last thing that happened below a span, itself included. */
function lastHeardOf(span: SpanRecord): number {
  let last = span.start
  for (const other of span.run.spans) {
    for (let up: SpanRecord | undefined = other; up !== undefined; up = up.parent) {
      if (up !== span) continue
      last = Math.max(last, other.start, other.ended)
      break
    }
  }
  return last
}

/** LangChain and LangGraph have errors of several shapes for a signal that was aborted. */
const ABORTED = /^(Abort|Aborted|AbortError|Model invocation was aborted\.)$/

function outcomeOfError(error: unknown): Outcome {
  const outcome = outcomeOf(error)
  return outcome.state === 'failed' && ABORTED.test(outcome.message) ? { state: 'cancelled' } : outcome
}
