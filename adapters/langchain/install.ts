import { Patches } from '../shared/patches.ts'

interface Handler {
  readonly name: string
}

/** What is used of LangChain's `CallbackManager`. */
export interface ManagerClass {
  configure: (...args: never[]) => Manager | undefined
  _configureSync?: (...args: never[]) => Manager | undefined
}

interface Manager {
  readonly inheritableHandlers: readonly Handler[]
  addHandler: (handler: Handler, inherit?: boolean) => void
}

export const isManagerClass = (value: unknown): value is ManagerClass =>
  typeof value === 'function' && typeof (value as Partial<ManagerClass>).configure === 'function'

/**
 * Every run asks its class for a manager of the callbacks in force; `configure` calls `_configureSync` where there is one.
 * Without any callbacks there would be no manager, and no tags and metadata in it: so the handler goes in with the callbacks.
 */
export function addHandler(managerClass: ManagerClass, handler: Handler): () => void {
  const patches = new Patches()
  const name = typeof managerClass._configureSync === 'function' ? '_configureSync' : 'configure'
  const original = managerClass[name] as (...args: unknown[]) => Manager | undefined
  let isOver = false
  const installed = function (this: unknown, ...args: unknown[]): Manager | undefined {
    if (isOver) return Reflect.apply(original, this, args)
    const [inherited, ...rest] = args
    const isList = inherited === undefined || inherited === null || Array.isArray(inherited)
    const manager = original.call(this, isList ? withHandler(inherited ?? [], handler) : inherited, ...rest)
    // One that was made before.
    if (manager !== undefined && !manager.inheritableHandlers.includes(handler)) manager.addHandler(handler, true)
    return manager
  }
  patches.set(managerClass, name, installed)
  return () => {
    isOver = true
    // Under somebody else's look-out ours stays, and does nothing.
    if (managerClass[name] === installed) patches.undo()
  }
}

const withHandler = (handlers: readonly unknown[], handler: Handler): readonly unknown[] =>
  handlers.includes(handler) ? handlers : [...handlers, handler]
