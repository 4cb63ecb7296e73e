import { CallbackSpans, currentSpan, outcomeOf, within, type Profiler, type SpanRecord } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { Embeddings } from './embeddings.ts'
import { OBSERVER, Operation, operationCategory, operationName, readSettings, type Model } from './operation.ts'
import { readPrompt } from './prompt.ts'
import { ToldSpan, type Tracer, type TracerSpan } from './tracer-span.ts'

/** One piece of work that the SDK runs in a span, as far as it is ours. */
interface Work {
  /** Runs it, and sees what comes of it. */
  run(fn: () => unknown, told: ToldSpan): unknown
  /** The SDK ends its span. */
  ended?(told: ToldSpan): void
}

/** Attributes of answers, at least one of which is set when what models say may be recorded. */
const OUTPUTS = ['ai.response.text', 'ai.response.toolCalls', 'ai.response.object', 'ai.response.reasoning', 'ai.response.files']

/** What this adapter knows nothing of. */
const OTHER: Work = { run: (fn) => fn() }

/**
 * The tracer that versions 5 and 6 get. They run each piece of work in `startActiveSpan` and say in attributes what it is and what goes
 * in; what comes out passes through here as it is, and is read there. Its operations are told apart by the async context: the SDK's
 * spans have no ids.
 */
export class SpanwiseTracer implements Tracer {
  readonly #profiler: Profiler
  readonly #spans: CallbackSpans
  readonly #embeddings: Embeddings
  readonly #own: Tracer | undefined
  readonly #operations = new WeakMap<SpanRecord, Operation>()
  #count = 0

  /** @param own the user's own tracer, which gets all that it would have got */
  constructor(profiler: Profiler, own?: Tracer) {
    this.#profiler = profiler
    this.#own = own
    this.#spans = new CallbackSpans(profiler, OBSERVER)
    this.#embeddings = new Embeddings(this.#spans)
  }

  startSpan(name: string, options?: unknown, context?: unknown): TracerSpan {
    return this.#own?.startSpan(name, options, context) ?? new ToldSpan(() => {})
  }

  startActiveSpan<F extends (span: TracerSpan) => unknown>(name: string, ...rest: [...unknown[], F]): ReturnType<F> {
    const fn = rest.at(-1) as F
    const attributes = fields(fields(rest.length > 1 ? rest[0] : undefined)?.['attributes']) ?? {}
    const work = this.#quietly(() => this.#workOf(name, attributes)) ?? OTHER
    const told = new ToldSpan((span) => void this.#quietly(() => work.ended?.(span)))
    const own = this.#own
    if (own === undefined) return work.run(() => fn(told), told) as ReturnType<F>
    // Inside of ours, so that what else hears of it, such as a span processor, finds the call recorded.
    const start = own.startActiveSpan as (name: string, ...rest: unknown[]) => unknown
    return work.run(() => start.call(own, name, ...rest.slice(0, -1), (span: TracerSpan) => fn(told.tell(span))), told) as ReturnType<F>
  }

  #workOf(name: string, attributes: Fields): Work {
    const operationId = text(attributes['ai.operationId']) ?? name.split(' ', 1)[0]!
    const operation = this.#around()
    switch (/^ai\.toolCall$|\.do\w+$/.exec(operationId)?.[0]) {
      case '.doGenerate':
      case '.doStream': return this.#model(operation, attributes)
      case '.doEmbed': return this.#embedding(operation, operationId, attributes)
      case '.doRerank': return this.#reranking(operation, attributes)
      case 'ai.toolCall': return this.#tool(operation, attributes)
      default: return this.#operation(operationId, attributes)
    }
  }

  /** The operation that runs here, if it is recorded. Others may have spans of their own in it. */
  #around(): Operation | undefined {
    for (let span = currentSpan(); span !== undefined; span = span.parent) {
      const operation = this.#operations.get(span)
      if (operation !== undefined) return operation
    }
    return undefined
  }

  #operation(operationId: string, attributes: Fields): Work {
    const operation = new Operation(this.#spans, this.#newId(), () => this.#embeddings.leave(operation))
    const name = operationName(operationId, attributes['ai.telemetry.functionId'])
    const span = this.#spans.begin(operation.id, undefined, name, operationCategory(operationId))
    span?.set({ 'ai.operationId': operationId, ...metadataIn(attributes) })
    if (span !== undefined) this.#operations.set(span, operation)
    let isRunning = true
    const settled = (): void => void (isRunning = false)
    const failed = (error: unknown): void => operation.end(outcomeOf(error))
    return {
      run: (fn, told) => {
        unended.register(told, operation)
        return watch(span === undefined ? fn() : within(span, fn), { gave: settled, failed }, this.#quietly)
      },
      // A span is told less of an error than who waits for the work, and before.
      ended: ({ outcome }) => {
        if (!isRunning || outcome.state !== 'failed') operation.end(outcome)
      },
    }
  }

  #model(operation: Operation | undefined, attributes: Fields): Work {
    if (operation === undefined) return OTHER
    const model = operation.callModel(modelIn(attributes), (call) => {
      readSettings(call, { maxOutputTokens: attributes['ai.settings.maxOutputTokens'] })
      readPrompt(call, { tools: list(attributes['ai.prompt.tools']).map(parsed), messages: parsed(attributes['ai.prompt.messages']) })
    })
    if (model === undefined) return OTHER
    return {
      run: (fn) => model.send(fn as () => PromiseLike<unknown>),
      ended: (told) => {
        // The setting itself (`recordOutputs`) is not told.
        if (told.outcome.state === 'ok' && !OUTPUTS.some((name) => name in told.attributes)) model.hide()
        model.told()
      },
    }
  }

  #embedding(operation: Operation | undefined, operationId: string, attributes: Fields): Work {
    if (operation === undefined) return OTHER
    const values = list(attributes['ai.values']).map(parsed)
    const id = this.#newId()
    const span = this.#embeddings.start(operation, modelIn(attributes), { id, operationId, values, request: `${values.length} ${String(values[0])} ${String(values.at(-1))}` })
    return {
      run: (fn) => watch(span === undefined ? fn() : within(span, fn), {
        gave: (value) => this.#embeddings.end(id, fields(value)?.['usage']),
        failed: (error) => this.#embeddings.refused(id, error),
      }, this.#quietly),
    }
  }

  #reranking(operation: Operation | undefined, attributes: Fields): Work {
    const id = this.#newId()
    const span = operation && this.#spans.begin(id, operation.id, modelIn(attributes).modelId, 'retrieval')
    return {
      run: (fn) => watch(span === undefined ? fn() : within(span, fn), {
        gave: () => this.#spans.end(id),
        failed: (error) => this.#spans.end(id, outcomeOf(error)),
      }, this.#quietly),
    }
  }

  #tool(operation: Operation | undefined, attributes: Fields): Work {
    const id = this.#newId()
    const args = text(attributes['ai.toolCall.args'])
    const span = operation && this.#spans.beginTool(id, operation.id, {
      name: text(attributes['ai.toolCall.name']) ?? 'tool', arguments: args,
      callId: text(attributes['ai.toolCall.id']), attributes: operation.stepAttributes ?? {},
    })
    return {
      run: (fn, told) => watch(span === undefined ? fn() : within(span, fn), {
        gave: (value) => this.#toolGave(id, fields(value), told, args === undefined),
        failed: (error) => this.#spans.end(id, outcomeOf(error)),
      }, this.#quietly),
    }
  }

  /** In streams version 5 tells only its span of what a tool came to. What goes in is hidden when what comes out is. */
  #toolGave(id: string, value: Fields | undefined, { attributes, outcome }: ToldSpan, isHidden: boolean): void {
    if (value?.['type'] === 'tool-error') return this.#spans.end(id, outcomeOf(value['error']))
    if (outcome.state !== 'ok') return this.#spans.end(id, outcome)
    if (!isHidden) this.#spans.toolGave(id, value === undefined ? parsed(attributes['ai.toolCall.result']) : value['output'])
    this.#spans.end(id)
  }

  #newId(): string {
    return `work ${++this.#count}`
  }

  readonly #quietly = <T>(look: () => T): T | undefined => {
    try {
      return look()
    } catch (error) {
      this.#profiler.noteError(error)
      return undefined
    }
  }
}

/** Streams whose reader just stops: the SDK ends their span never, and forgets it. */
const unended = new FinalizationRegistry<Operation>((operation) => operation.gone())

interface Sight {
  readonly gave?: (value: unknown) => void
  readonly failed: (error: unknown) => void
}

/** What a piece of work comes to, seen on its way to the SDK. */
function watch(result: unknown, { gave, failed }: Sight, quietly: (look: () => void) => void): unknown {
  if (!(result instanceof Promise)) return result
  return result.then(
    (value: unknown) => {
      quietly(() => gave?.(value))
      return value
    },
    (error: unknown) => {
      quietly(() => failed(error))
      throw error
    },
  )
}

const modelIn = (attributes: Fields): Model => ({
  provider: text(attributes['ai.model.provider']) ?? 'unknown', modelId: text(attributes['ai.model.id']) ?? 'unknown',
})

const METADATA = 'ai.telemetry.metadata.'

const metadataIn = (attributes: Fields): Fields => Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith(METADATA)))

/** Attributes hold values as the text of their JSON. */
function parsed(said: unknown): unknown {
  try {
    return typeof said === 'string' ? JSON.parse(said) : said
  } catch {
    return said
  }
}
