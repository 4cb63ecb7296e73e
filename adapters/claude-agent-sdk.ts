import { CallbackSpans, define, outcomeOf, profiler as defaultProfiler, show, watchIterator, within, type AnyIterator, type Outcome, type Profiler } from '../src/kit.ts'
import { QueryRecording } from './claude-agent-sdk/recording.ts'
import { watchPrompt } from './claude-agent-sdk/prompt.ts'
import { fields, text } from './shared/json.ts'

export interface QueryOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** Name of the agent's span. Default: `claude`. */
  readonly name?: string
}

const CANCELLED: Outcome = { state: 'cancelled' }
const EMPTY = {}
/** A function that was wrapped twice records once. */
const wrapped = new WeakSet<object>()

/**
 * Wraps `query` of `@anthropic-ai/claude-agent-sdk`. What it gives is a function with the same signature, whose `Query` is the
 * very object that the SDK makes, watched while it is read: the agent, its turns, calls of the model, tools and subagents, as far as the
 * messages tell. Written against the SDK's published types and recorded messages of Claude Code, not run with the package.
 * @throws TypeError when `query` is no function
 */
export function wrapQuery<F extends (...args: never[]) => unknown>(query: F, options: QueryOptions = EMPTY): F {
  if (typeof query !== 'function') throw new TypeError(`wrapQuery: expected the function query of @anthropic-ai/claude-agent-sdk, got ${show(query)}`)
  if (wrapped.has(query)) return query
  const { profiler = defaultProfiler, name = 'claude' } = options
  const spans = new CallbackSpans(profiler, 'claude-agent-sdk')
  const made = new Proxy(query, {
    apply: (target, self, args: never[]) => {
      const call = (): unknown => Reflect.apply(target, self, args)
      if (!profiler.enabled) return call()
      const recording = begin(profiler, spans, name, args[0])
      if (recording === undefined) return call()
      let messages: unknown
      try {
        // What runs in this process meanwhile, tools of the user's own, belongs to the agent.
        messages = recording.span === undefined ? call() : within(recording.span, call)
      } catch (error) {
        recording.end(outcomeOf(error))
        throw error
      }
      if (!watch(messages, recording)) recording.end({ state: 'ok' })
      return messages
    },
  })
  wrapped.add(made)
  return made
}

function begin(profiler: Profiler, spans: CallbackSpans, name: string, asked: unknown): QueryRecording | undefined {
  try {
    const { prompt, options } = fields(asked) ?? {}
    const recording = new QueryRecording(profiler, spans, { name, prompt: text(prompt), systemPrompt: text(fields(options)?.['systemPrompt']) })
    if (text(prompt) === undefined) watchPrompt(prompt, (message) => recording.prompted(message))
    return recording
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}

/** The SDK's own iterator is another object than the `Query` that it is asked of: both are watched, whichever is read. */
function watch(messages: unknown, recording: QueryRecording): boolean {
  try {
    const query = fields(messages) as Record<string | symbol, unknown> | undefined
    if (query === undefined || typeof query['next'] !== 'function') return false
    const all = new WeakSet<object>()
    const watched = (iterator: object): boolean => all.has(iterator) || watchIterator(iterator as AnyIterator, {
      item: (message) => recording.take(message, iterator),
      end: (outcome) => recording.end(outcome),
    })
    if (!watched(query)) return false
    all.add(query)
    const { [Symbol.asyncIterator]: iterate } = query
    if (typeof iterate === 'function') {
      define(query, Symbol.asyncIterator, function (this: unknown): unknown {
        const inner: unknown = iterate.call(this)
        const iterator = fields(inner)
        if (iterator !== undefined && watched(iterator)) all.add(iterator)
        return inner
      })
    }
    for (const name of ['close', Symbol.asyncDispose]) watchEnd(query, name, recording)
    return true
  } catch {
    // A thing that cannot even be looked at: it is the user's all the same.
    return false
  }
}

function watchEnd(query: Record<string | symbol, unknown>, name: string | symbol, recording: QueryRecording): void {
  const original = query[name]
  if (typeof original !== 'function') return
  define(query, name, function (this: unknown, ...args: unknown[]): unknown {
    const result: unknown = original.apply(this, args)
    recording.end(CANCELLED)
    return result
  })
}
