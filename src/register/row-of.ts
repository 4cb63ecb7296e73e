import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clientRow, isCandidate, type ClientRow } from './clients.ts'

const names = new Map<string, string | undefined>()

/** The row that the file of a module fits, by the package.json that lies beside it. */
export function rowOfFile(path: string): ClientRow | undefined {
  return clientRow(path, nameOf)
}

const bareUrl = (url: string): string => url.split(/[?#]/, 1)[0]!
export const readUrl = (url: string): string => readFileSync(fileURLToPath(bareUrl(url)), 'utf8')

export function rowOfUrl(url: string): ClientRow | undefined {
  const bare = bareUrl(url)
  return bare.startsWith('file:') && isCandidate(bare) ? rowOfFile(fileURLToPath(bare)) : undefined
}

function nameOf(packageFile: string): string | undefined {
  if (!names.has(packageFile)) names.set(packageFile, readName(packageFile))
  return names.get(packageFile)
}

function readName(packageFile: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly name?: string } | null)?.name
  } catch {
    return undefined
  }
}
