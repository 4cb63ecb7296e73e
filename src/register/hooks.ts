import { readUrl, rowOfUrl } from './row-of.ts'
import { withTail, type LoadedModule } from './tail.ts'

/**
 * For versions of Node that load ES modules in a thread of their own when somebody wants to look on: this runs there, and knows nothing of
 * the program. Later versions look on in place (see install.ts).
 */
type Next = (url: string, context: unknown) => Promise<LoadedModule>

export async function load(url: string, context: unknown, next: Next): Promise<LoadedModule> {
  const module = await next(url, context)
  return withTail(rowOfUrl(url), module, () => readUrl(url))
}
