/**
 * What the Agents SDK hands to a trace processor, as far as it is read here. Declared, not imported: it is the same in
 * `@openai/agents` and `@openai/agents-core`, and nobody should need either for the types of the other.
 */
export interface AgentsTrace {
  readonly traceId: string
  readonly name: string
  readonly groupId?: string | null
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** One span; what its data holds depends on its type, and comes in while it is open. */
export interface AgentsSpan {
  readonly spanId: string
  readonly traceId: string
  readonly parentId: string | null
  readonly spanData: { readonly type: string }
  readonly previousSpan?: AgentsSpan | undefined
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly error: { readonly message: string; readonly data?: Readonly<Record<string, unknown>> } | null
}

/** What the SDK keeps in its own `AsyncLocalStorage` while a trace is under way. */
export interface AgentsContext {
  readonly trace?: AgentsTrace
  readonly span?: AgentsSpan
  active: boolean
}

interface Storage {
  getStore(): AgentsContext | undefined
}

/** All copies of the SDK share one storage under this symbol. Tested with 0.20; versions before it had one have it in a module. */
const STORAGE = Symbol.for('openai.agents.core.asyncLocalStorage')

/** The SDK's context here, unless it has been left. */
export function agentsContext(): AgentsContext | undefined {
  const context = (globalThis as { [STORAGE]?: Storage })[STORAGE]?.getStore()
  return context?.active === true ? context : undefined
}

/**
 * Calls `done` once when the SDK leaves `context`. A run that throws leaves it without ending its trace, so that this is the only sign.
 * @returns false when it cannot be watched
 */
export function whenLeft(context: AgentsContext, done: () => void): boolean {
  const settle = (value: boolean): void => {
    Object.defineProperty(context, 'active', { value, writable: true, configurable: true, enumerable: true })
    done()
  }
  return Reflect.defineProperty(context, 'active', {
    configurable: true,
    enumerable: true,
    get: () => true,
    set: (value: boolean) => {
      if (value !== true) settle(value)
    },
  })
}
