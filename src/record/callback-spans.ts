import { OK, type Category, type Outcome } from '../model/span.ts'
import { beginLlmCall, LlmCall, type LlmCallStart } from './llm-call.ts'
import type { Place } from './place.ts'
import type { Profiler } from './profiler.ts'
import { quietly } from './quietly.ts'
import type { SpanRecord } from './recorder.ts'
import type { ToolFacts } from './tool-record.ts'

export interface ToolCallStart extends ToolFacts {
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly place?: Place
}

interface Known {
  /** What is below it belongs there. Undefined: in a run that is not recorded. */
  readonly span: SpanRecord | undefined
  readonly call?: LlmCall | undefined
  /** Recorded by another observer, or not at all: its end is not ours to tell. */
  readonly isOurs: boolean
  readonly done?: (() => void) | undefined
}

/** Callbacks that never tell of an end must not be kept for ever. */
const MAX_KNOWN = 20_000

/**
 * The spans of a framework that tells of beginnings and ends in callbacks, with ids of its own. What it tells without a parent
 * begins where the async context is, or is a run of its own. Nothing here throws.
 */
export class CallbackSpans {
  readonly #profiler: Profiler
  readonly #observer: string
  readonly #known = new Map<string, Known>()

  /** @param observer the framework's name, such as `langchain` */
  constructor(profiler: Profiler, observer: string) {
    this.#profiler = profiler
    this.#observer = observer
    profiler.pairs.expect(observer)
  }

  /** The span of an id that has begun and not ended. */
  span(id: string | undefined): SpanRecord | undefined {
    const known = id === undefined ? undefined : this.#known.get(id)
    return known?.call?.around ?? known?.span
  }

  /** The call of a model of an id that has begun and not ended. */
  call(id: string): LlmCall | undefined {
    return this.#known.get(id)?.call
  }

  /** @param parentId of one that has begun; others count as not told */
  begin(id: string, parentId: string | undefined, name: string, category: Category, place?: Place): SpanRecord | undefined {
    if (this.#isUnrecorded(id, parentId)) return undefined
    const span = this.#profiler.open(name, category, { ...place, parent: this.span(parentId) })
    this.#keep(id, parentId, span, { span, isOurs: true })
    return span
  }

  /** A call of a model. Its request is to be told next, with `requestParts` and `requestDone`. */
  beginLlm(id: string, parentId: string | undefined, start: LlmCallStart): LlmCall | undefined {
    if (this.#isUnrecorded(id, parentId)) return undefined
    const call = beginLlmCall(this.#profiler, { ...start, observer: this.#observer, place: { ...start.place, parent: this.span(parentId) } })
    this.#keep(id, parentId, call?.span, { span: call?.span, call, isOurs: true })
    return call
  }

  /** What began as something else turns out to be a call of a model. */
  turnIntoLlm(id: string, start: LlmCallStart): LlmCall | undefined {
    const known = this.#known.get(id)
    if (known?.span === undefined || !known.isOurs || known.call !== undefined) return known?.call
    known.span.category = start.category
    const call = new LlmCall(this.#profiler, known.span, { ...start, observer: this.#observer })
    this.#known.set(id, { ...known, call })
    return call
  }

  /** A tool. A function that is recorded as a tool of this name, and runs meanwhile, is the same. */
  beginTool(id: string, parentId: string | undefined, tool: ToolCallStart): SpanRecord | undefined {
    if (this.#isUnrecorded(id, parentId)) return undefined
    const { pairs, toolTexts } = this.#profiler
    const around = this.#profiler.innermost(this.span(parentId))
    const isKnown = around?.category === 'tool' && around.open && around.details?.tool?.name === tool.name && !this.#isBegun(around)
    const span = isKnown ? around : pairs.takeTool(this.#observer, tool.name, [tool.arguments]) ?? this.#profiler.open(tool.name, 'tool', { ...tool.place, parent: around })
    const isOurs = !isKnown && span?.details?.tool === undefined
    this.#keep(id, parentId, span, { span, isOurs, done: span && isOurs ? pairs.openTool(this.#observer, span, tool.name, tool.arguments) : undefined })
    if (span === undefined) return undefined
    if (isOurs) quietly(span.run.owner.errors, () => toolTexts.told(span, tool))
    if (tool.attributes !== undefined) span.set(tool.attributes)
    return span
  }

  /** What a tool came to. Its end is told apart. */
  toolGave(id: string, value: unknown): void {
    const known = this.#known.get(id)
    const span = known?.span
    if (span !== undefined && known?.isOurs === true) quietly(span.run.owner.errors, () => this.#profiler.toolTexts.gave(span, value))
  }

  /**
   * Ends what began with this id. Anything else is ignored.
   * @param at nanoseconds of its run at which it was over, where that is learned late
   */
  end(id: string, outcome: Outcome = OK, at?: number): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    this.#known.delete(id)
    known.done?.()
    if (!known.isOurs) return
    if (known.call !== undefined) known.call.end(outcome, at)
    else known.span?.end(outcome, at)
  }

  /** Below a run that is not recorded nothing is. */
  #isUnrecorded(id: string, parentId: string | undefined): boolean {
    if (!this.#profiler.enabled) return true
    const parent = parentId === undefined ? undefined : this.#known.get(parentId)
    if (parent === undefined || parent.span !== undefined) return false
    this.#remember(id, { span: undefined, isOurs: false })
    return true
  }

  #keep(id: string, parentId: string | undefined, span: SpanRecord | undefined, known: Known): void {
    if (span !== undefined) return this.#remember(id, known)
    // A limit left it out: what is below it belongs to what it is below.
    const above = this.span(parentId) ?? this.#profiler.innermost(undefined)
    if (above !== undefined) this.#remember(id, { span: above, isOurs: false })
    else this.#remember(id, { span: undefined, isOurs: false, done: this.#profiler.pass() })
  }

  #remember(id: string, known: Known): void {
    if (this.#known.size >= MAX_KNOWN) {
      for (const [oldest, { done }] of this.#known) {
        done?.()
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(id, known)
  }

  #isBegun(span: SpanRecord): boolean {
    for (const known of this.#known.values()) if (known.span === span && known.isOurs) return true
    return false
  }
}
