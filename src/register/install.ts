import * as nodeModule from 'node:module'
import type { ClientRow } from './clients.ts'
import { rowOfFile, rowOfUrl } from './row-of.ts'
import { esmTail, withTail, type LoadedModule } from './tail.ts'

/** Is told of a class where its module has been evaluated; gives back what takes its place. */
export type Seen = (row: ClientRow, Class: unknown) => unknown

/** Sees classes in both module systems, however many copies of their packages there are. @param hooksUrl what a thread for loading runs */
export function install(seen: Seen, hooksUrl: URL): void {
  watchRequire(seen)
  watchImport(hooksUrl)
}

interface CommonJsModule {
  exports: unknown
}
type Compile = (this: CommonJsModule, text: string, file: string, ...rest: unknown[]) => unknown

function watchRequire(seen: Seen): void {
  const { prototype } = nodeModule.Module as unknown as { readonly prototype: { _compile: Compile } }
  const compile = prototype._compile
  prototype._compile = function (text, file, ...rest) {
    const row = rowOfFile(file)
    // An ES module that is required tells of itself.
    if (row !== undefined && rest[0] === 'module') return compile.call(this, text + esmTail(row), file, ...rest)
    const result = compile.call(this, text, file, ...rest)
    if (row !== undefined) tellExported(seen, row, this)
    return result
  }
}

function tellExported(seen: Seen, row: ClientRow, { exports }: CommonJsModule): void {
  const holder = exports as Record<string, unknown> | null | undefined
  const Class = holder?.[row.exported]
  if (typeof Class !== 'function') return
  const now = seen(row, Class)
  if (now !== Class) holder![row.exported] = now
}

type LoadSync = (url: string, context: unknown, next: (url: string, context: unknown) => LoadedModule) => LoadedModule
interface Hooking {
  readonly registerHooks?: (hooks: { readonly load: LoadSync }) => unknown
  readonly register?: (specifier: URL) => void
}

function watchImport(hooksUrl: URL): void {
  const { registerHooks, register } = nodeModule as Hooking
  if (registerHooks !== undefined) registerHooks({ load: (url, context, next) => withTail(rowOfUrl(url), next(url, context)) })
  else register?.(hooksUrl)
}
