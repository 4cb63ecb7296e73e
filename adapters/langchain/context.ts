import { fields, text } from '../shared/json.ts'

/**
 * LangChain keeps the configuration that work below a run inherits in an AsyncLocalStorage under a global symbol, which LangGraph
 * and `@langchain/core/context` put there. The callbacks in it know the run.
 */
const STORAGE = Symbol.for('ls:tracing_async_local_storage')
const CHILD_CONFIG = Symbol.for('lc:child_config')

interface Storage {
  getStore?: () => { readonly extra?: { readonly [CHILD_CONFIG]?: { readonly callbacks?: unknown } } } | undefined
}

/** The id of the run that is under way here, as far as LangChain itself knows it. */
export function currentRunId(): string | undefined {
  const storage = (globalThis as { readonly [STORAGE]?: Storage })[STORAGE]
  if (storage === undefined) return undefined
  return text(fields(storage.getStore?.()?.extra?.[CHILD_CONFIG]?.callbacks)?.['_parentRunId'])
}
