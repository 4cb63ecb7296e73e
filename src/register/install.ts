import * as nodeModule from 'node:module'
import { isCandidate, type ClientRow } from './clients.ts'
import { readUrl, rowOfFile, rowOfUrl } from './row-of.ts'
import { esmTail, withTail, type LoadedModule } from './tail.ts'

/** Is told of a class where its module has been evaluated; gives back what takes its place. */
export type Seen = (row: ClientRow, Class: unknown) => unknown

type LoadSync = (url: string, context: unknown, next: (url: string, context: unknown) => LoadedModule) => LoadedModule
interface Hooking {
  readonly registerHooks?: (hooks: { readonly load: LoadSync }) => unknown
  readonly register?: (specifier: URL) => void
}

/** Sees classes in both module systems, however many copies of their packages there are. @param hooksUrl what a thread for loading runs */
export function install(seen: Seen, hooksUrl: URL): void {
  const { registerHooks, register } = nodeModule as Hooking
  if (registerHooks !== undefined) registerHooks({ load: (url, context, next) => withTail(rowOfUrl(url), next(url, context), () => readUrl(url)) })
  else register?.(hooksUrl)
  // Also beside the first: loaders such as tsx read CommonJS modules themselves. Who is told twice of a class heeds it once.
  watchRequire(seen)
}

interface CommonJsModule {
  exports: unknown
  readonly filename?: unknown
  _compile: Compile
}
type Compile = (this: CommonJsModule, text: string, file: string, ...rest: unknown[]) => unknown

/** Other modules get the method that they would have got: one of ours between would be a line in the stack of each error. */
function watchRequire(seen: Seen): void {
  const { prototype } = nodeModule.Module as unknown as { readonly prototype: CommonJsModule }
  let compile = prototype._compile
  const watching: Compile = function (text, file, ...rest) {
    const row = rowOfFile(file)
    // An ES module that is required tells of itself.
    if (row !== undefined && rest[0] === 'module') return compile.call(this, text + esmTail(row), file, ...rest)
    const result = compile.call(this, text, file, ...rest)
    if (row !== undefined) tellExported(seen, row, this)
    return result
  }
  Object.defineProperty(prototype, '_compile', {
    configurable: true,
    enumerable: true,
    get(this: CommonJsModule) {
      return typeof this.filename === 'string' && isCandidate(this.filename) ? watching : compile
    },
    // Who puts a method of its own over it, for one module or for all, gets what an ordinary property would have given.
    set(this: CommonJsModule, value: Compile) {
      if (this === prototype) compile = value
      else Object.defineProperty(this, '_compile', { value, writable: true, enumerable: true, configurable: true })
    },
  })
}

function tellExported(seen: Seen, row: ClientRow, { exports }: CommonJsModule): void {
  const holder = exports as Record<string, unknown> | null | undefined
  const Class = holder?.[row.exported]
  if (typeof Class !== 'function') return
  const now = seen(row, Class)
  if (now !== Class) holder![row.exported] = now
}
