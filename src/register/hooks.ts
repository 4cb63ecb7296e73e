import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rowOfUrl } from './row-of.ts'
import { cjsTail, textOf, withTail, type LoadedModule } from './tail.ts'

/**
 * For versions of Node that load ES modules in a thread of their own when somebody wants to look on: this runs there, and knows nothing of
 * the program. Later versions look on in place (see install.ts).
 */
type Next = (url: string, context: unknown) => Promise<LoadedModule>

export async function load(url: string, context: unknown, next: Next): Promise<LoadedModule> {
  const module = await next(url, context)
  const row = rowOfUrl(url)
  if (row === undefined || module.format !== 'commonjs') return withTail(row, module)
  // It comes here when another loader gave the source of what requires it, as tsx does. Nobody compiles it then where we could look on.
  const text = textOf(module.source ?? readFileSync(fileURLToPath(url)))
  return { ...module, source: text + cjsTail(row) }
}
