import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'rolldown/utils'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** One import of a file: `from` as written. */
export interface Import {
  readonly from: string
  readonly typeOnly: boolean
  readonly line: number
}

export interface FunctionSize {
  readonly name: string
  readonly line: number
  readonly lines: number
}

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  /** Modules of which everything is exported (`export *`). */
  readonly exportsAllOf: readonly string[]
  readonly functions: readonly FunctionSize[]
}

/** The TypeScript files below the named folders; a folder that is not there yet has none. */
export function sourcesOf(...folders: readonly string[]): Source[] {
  return folders.flatMap((folder) => filesIn(folder))
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parseSource(path, readFileSync(root + path, 'utf8')))
}

export function filesIn(folder: string): string[] {
  return readdirSync(root + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.slice(root.length)}/${entry.name}`.replaceAll('\\', '/'))
    .sort()
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}
type Fields = Node & Readonly<Record<string, unknown>>

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** All ways in which a file names another module, and how long its functions are. */
export function parseSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const lineOf = lineFinder(text)
  const imports: Import[] = []
  const exportsAllOf: string[] = []
  const functions: FunctionSize[] = []
  const visit = (node: Fields, name: string): void => {
    const from = moduleName(node)
    if (from !== undefined) imports.push({ from, typeOnly: isTypeOnly(node), line: lineOf(node.start) })
    if (node.type === 'ExportAllDeclaration' && from !== undefined) exportsAllOf.push(from)
    if (FUNCTIONS.has(node.type)) {
      const line = lineOf(node.start)
      functions.push({ name, line, lines: lineOf(node.end) - line + 1 })
    }
    for (const child of childrenOf(node)) visit(child, nameOf(child) ?? name)
  }
  visit(program as unknown as Fields, '(top level)')
  return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports, exportsAllOf, functions }
}

function moduleName(node: Fields): string | undefined {
  const { type, source, expression } = node
  const named = type === 'TSExternalModuleReference' ? expression : source
  const isImport = /^(Import|ExportNamed|ExportAll)(Declaration|Expression)$|^TSImportType$|^TSExternalModuleReference$/.test(type)
  if (!isImport || named === null || named === undefined) return undefined
  const { value } = named as { readonly value?: unknown }
  return typeof value === 'string' ? value : '(computed)'
}

/** `import type`, `import { type A }` with nothing else, `export type … from` and `import('…').A` in a type. */
function isTypeOnly({ type, importKind, exportKind, specifiers }: Fields): boolean {
  if (type === 'TSImportType' || importKind === 'type' || exportKind === 'type') return true
  const named = specifiers as readonly { readonly importKind?: string; readonly exportKind?: string }[] | undefined
  return named !== undefined && named.length > 0 && named.every((one) => (one.importKind ?? one.exportKind) === 'type')
}

function childrenOf(node: Fields): Fields[] {
  return Object.values(node).flat().filter((value): value is Fields =>
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string')
}

function nameOf({ id, key }: Fields): string | undefined {
  const named = (id ?? key) as { readonly name?: unknown } | null | undefined
  return typeof named?.name === 'string' ? named.name : undefined
}

function lineFinder(text: string): (at: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (at) => {
    const next = starts.findIndex((start) => start > at)
    return next === -1 ? starts.length : next
  }
}
