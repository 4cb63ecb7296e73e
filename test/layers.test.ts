import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesIn, parseSource, root, sourcesOf, type Import } from './support/source.ts'

/**
 * Who may import whom. The first row that fits a file is its layer. A target is a file, a folder (`src/model/`) or a module;
 * `type` before it allows its types alone. `own` is the file's layer itself, `own folder` the folder of the same name.
 */
const layers: readonly (readonly [file: RegExp, layer: string, ...may: string[]])[] = [
  [/^src\/model\//, 'src/model/', 'own'],
  [/^src\/models\//, 'src/models/', 'own', 'src/model/', '@pydantic/genai-prices', 'node:'],
  [/^src\/tokens\//, 'src/tokens/', 'own', 'src/model/', 'js-tiktoken/', 'node:'],
  [/^src\/trace-file\//, 'src/trace-file/', 'own', 'src/model/', 'node:'],
  [/^src\/analyze\/findings\/index\.ts$/, 'src/analyze/', 'src/analyze/', 'src/model/'],
  [/^src\/analyze\/findings\//, 'src/analyze/findings/', 'src/analyze/', 'src/model/', 'src/models/', 'src/tokens/'],
  [/^src\/analyze\//, 'src/analyze/', 'own', 'src/model/', 'src/models/', 'src/tokens/', 'p-limit'],
  [/^src\/record\//, 'src/record/', 'own', 'src/model/', 'src/trace-file/', 'node:'],
  [/^src\/config\//, 'src/config/', 'own', 'src/model/', 'src/record/', 'src/analyze/', 'src/register/', 'type src/run-log.ts', 'node:', '(computed)'],
  // A start loads nothing of ours but this: what records comes with the first client.
  [/^src\/register\//, 'src/register/', 'own', 'src/config/find.ts', 'type src/config/', 'type src/record/', 'node:', '(computed)'],
  [/^src\/register\.ts$/, 'src/register.ts', 'src/register/'],
  [/^src\/kit\.ts$/, 'src/kit.ts', 'src/model/', 'src/record/'],
  [/^src\/terminal\.ts$/, 'src/terminal.ts'],
  [/^src\/cli\//, 'src/cli/', 'own', 'src/', 'adapters/', 'reports/', 'viewer/', 'node:'],
  [/^src\/index\.ts$/, 'src/index.ts', 'src/', 'reports/'],
  // A line for people, written as the reports write theirs.
  [/^src\/run-log\.ts$/, 'src/run-log.ts', 'src/model/', 'src/models/', 'src/analyze/', 'src/record/', 'src/trace-file/', 'reports/shared/'],
  [/^src\/vitest\.ts$/, 'src/vitest.ts', 'src/', 'reports/shared/', 'vitest'],
  // Importers read usage, OpenTelemetry's attributes and Claude's messages too, and load no recorder.
  [/^adapters\/shared\/(otel|claude-code)\//, 'adapters/shared/', 'own', 'src/model/'],
  [/^adapters\/shared\/usage\.ts$/, 'adapters/shared/', 'own', 'src/model/usage.ts'],
  // It answers requests: with the page, a line of the log, spans for the caller. The first two are loaded when there is one to write.
  [/^adapters\/shared\/http\//, 'adapters/shared/', 'own', 'src/kit.ts', 'src/run-log.ts', 'src/trace-file/', 'type src/model/', 'viewer/html.ts', 'node:', 'type any library'],
  [/^adapters\/shared\//, 'adapters/shared/', 'own', 'src/kit.ts', 'type any library'],
  [/^adapters\/import\//, 'adapters/import/', 'own', 'adapters/shared/', 'src/kit.ts', 'src/model/'],
  [/^adapters\//, 'adapters/', 'own folder', 'adapters/shared/', 'src/kit.ts', 'type any library'],
  [/^reports\/shared\//, 'reports/shared/', 'own', 'type src/model/', 'src/model/units.ts', 'fast-string-width'],
  [/^reports\/index\.ts$/, 'reports/index.ts', 'reports/', 'type src/model/'],
  [/^reports\//, 'reports/', 'own folder', 'reports/shared/', 'type src/model/', 'src/model/units.ts'],
  [/^viewer\/api\.ts$/, 'viewer/api.ts', 'type src/model/'],
  [/^viewer\/document\//, 'viewer/document/', 'own', 'src/model/'],
  [/^viewer\/page\.ts$/, 'viewer/page.ts', 'spanwise-page'],
  [/^viewer\/run-html\.ts$/, 'viewer/run-html.ts', 'viewer/document/', 'viewer/page.ts', 'type src/model/', 'reports/shared/', 'node:'],
  [/^viewer\/html\.ts$/, 'viewer/html.ts', 'viewer/run-html.ts', 'viewer/page.ts', 'type src/model/', 'src/analyze/', 'src/trace-file/'],
  // What it receives is read as a file of another tool is.
  [/^viewer\/server\//, 'viewer/server/', 'own', 'viewer/', 'src/model/', 'src/analyze/', 'src/trace-file/', 'reports/', 'adapters/import/', 'adapters/shared/otel/', 'pbf', 'node:'],
  [/^viewer\/ui\//, 'viewer/ui/', 'own', 'viewer/document/', 'type viewer/api.ts', 'src/model/', 'src/analyze/', 'reports/shared/', 'preact', 'preact/hooks', 'uplot', 'spanwise-guide'],
]

/** Never allowed as a target, whatever the row says. */
const closed: Readonly<Record<string, readonly string[]>> = {
  'src/index.ts': ['src/cli/', 'src/kit.ts'],
}
/** The server does not know the page's code. */
const SERVER = /^viewer\/server\//

// ------------------------------------------------------------ debt: one line each, with the reason it is there and may go
const debt: readonly (readonly [file: string, imports: string, reason: string])[] = []

const sources = sourcesOf('src', 'adapters', 'reports', 'viewer').filter(({ path }) => !path.endsWith('.d.ts'))

function complaint(path: string, { from, typeOnly, line }: Import): string | undefined {
  const row = layers.find(([file]) => file.test(path))
  if (row === undefined) return `${path}: belongs to no layer`
  const [, layer, ...may] = row
  const target = from.startsWith('.') ? posix.join(posix.dirname(path), from) : from
  const allowed = may.some((rule) => allows(rule, { path, layer, target, typeOnly }))
    && !closed[path]?.some((prefix) => target.startsWith(prefix)) && !(SERVER.test(path) && target.startsWith('viewer/ui/'))
  if (allowed || debt.some(([file, imports]) => file === path && imports === from)) return undefined
  return `${path}:${line} may not import ${typeOnly ? 'the types of ' : ''}${from}`
}

interface Edge {
  readonly path: string
  readonly layer: string
  readonly target: string
  readonly typeOnly: boolean
}

function allows(rule: string, { path, layer, target, typeOnly }: Edge): boolean {
  const isLibrary = !/^(src|adapters|reports|viewer|test|bench|examples)\//.test(target)
  if (rule === 'own') return target.startsWith(layer)
  if (rule === 'own folder') return target.startsWith(ownFolder(path))
  if (rule === 'type any library') return typeOnly && isLibrary && !target.startsWith('node:')
  if (rule.startsWith('type ')) return typeOnly && fits(target, rule.slice('type '.length))
  return fits(target, rule) && !isSibling(path, target)
}

const fits = (target: string, rule: string): boolean => (/[/:]$/.test(rule) ? target.startsWith(rule) : target === rule)

/** `adapters/openai.ts` and all of `adapters/openai/` own `adapters/openai/`. */
const ownFolder = (path: string): string => path.replace(/^(\w+\/[^/]+?)(\.ts|\/.*)$/, '$1/')

/** Findings do not know each other. Adapters and reports have no rule that would let them. */
const isSibling = (path: string, target: string): boolean =>
  /^src\/analyze\/findings\/(?!index\.ts|shared)/.test(path) && /^src\/analyze\/findings\/(?!shared)/.test(target)

describe('layers', () => {
  test('each file imports only what its layer may', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap(({ path, imports }) => imports.flatMap((one) => complaint(path, one) ?? []))).toEqual([])
  })

  test('each file belongs to a layer', () => {
    expect(sources.map(({ path }) => path).filter((path) => !layers.some(([file]) => file.test(path)))).toEqual([])
  })

  test('debt that has been paid is taken off the list', () => {
    const paid = debt.filter(([file, from]) => !sources.some(({ path, imports }) => path === file && imports.some((one) => one.from === from)))
    expect(paid).toEqual([])
  })

  test("what runs in a page reaches for Node's modules by no other way either", () => {
    const places = sources.filter(({ path }) => /^(src\/(model|analyze)|reports|viewer\/(ui|document))\//.test(path))
    const reaching = places.filter(({ path }) => /\b(getBuiltinModule|createRequire|require\()/.test(readFileSync(root + path, 'utf8')))
    expect(reaching.map(({ path }) => path)).toEqual([])
  })

  test('nothing is exported wholesale', () => {
    expect(sources.filter(({ exportsAllOf }) => exportsAllOf.length > 0).map(({ path }) => path)).toEqual([])
  })

  test.each([
    ['src/model/span.ts', `import { x } from 'node:fs'`],
    ['src/model/span.ts', `import { x } from '../record/ids.ts'`],
    ['src/analyze/index.ts', `import { x } from 'node:os'`],
    ['src/analyze/index.ts', `import { x } from '../record/ids.ts'`],
    ['src/analyze/findings/parallel.ts', `import { x } from './slow-tool.ts'`],
    ['src/record/trace.ts', `import { x } from '../../adapters/openai.ts'`],
    ['src/kit.ts', `import { x } from './analyze/index.ts'`],
    ['src/index.ts', `export { x } from './cli/main.ts'`],
    ['adapters/openai.ts', `import OpenAI from 'openai'`],
    ['adapters/openai.ts', `const OpenAI = await import('openai')`],
    ['adapters/openai.ts', `export { x } from './anthropic.ts'`],
    ['adapters/openai.ts', `import { x } from './anthropic/messages.ts'`],
    ['adapters/openai.ts', `import type { Span } from '../src/model/span.ts'`],
    ['adapters/openai/chat.ts', `import { x } from 'node:stream'`],
    ['adapters/shared/usage.ts', `import { x } from '../openai/chat.ts'`],
    ['reports/text.ts', `import { OK } from '../src/model/span.ts'`],
    ['reports/text.ts', `type X = import('../src/record/trace.ts').X`],
    ['reports/text.ts', `import { x } from './flame.ts'`],
    ['reports/text.ts', `import { x } from 'node:util'`],
    ['elsewhere/x.ts', `import 'y'`],
  ])('%s may not contain: %s', (path, text) => {
    expect(parseSource(path, text).imports.map((one) => complaint(path, one))).toEqual([expect.stringContaining(path)])
  })

  test.each([
    ['adapters/openai.ts', `import type OpenAI from 'openai'`],
    ['adapters/openai.ts', `import { type Stream } from 'openai/streaming'`],
    ['adapters/openai.ts', `import { readChat } from './openai/chat.ts'`],
    ['adapters/openai/chat.ts', `import { x } from './content.ts'`],
    ['reports/text.ts', `import type { Analysis } from '../src/model/analysis.ts'`],
    ['reports/text.ts', `import { formatDuration } from '../src/model/units.ts'`],
    ['src/analyze/findings/index.ts', `import { x } from './parallel.ts'`],
    ['src/index.ts', `export { x } from '../reports/index.ts'`],
  ])('%s may contain: %s', (path, text) => {
    expect(parseSource(path, text).imports.map((one) => complaint(path, one))).toEqual([undefined])
  })
})

describe('sizes', () => {
  test('no file has more than 400 lines', () => {
    expect(sources.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([])
  })

  test('no function has more than 70 lines', () => {
    const long = sources.flatMap(({ path, functions }) => functions.filter(({ lines }) => lines > 70)
      .map(({ name, line, lines }) => `${path}:${line} ${name}: ${lines} lines`))
    expect(long).toEqual([])
  })

  test('lengths are counted to the closing line', () => {
    const [outer, inner] = parseSource('x.ts', 'class A {\n  b() {\n    return () => {\n      c()\n    }\n  }\n}\n').functions
    expect([outer, inner]).toEqual([{ name: 'b', line: 2, lines: 5 }, { name: 'b', line: 3, lines: 3 }])
  })
})

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly files: readonly string[]
}
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest
const readme = readFileSync(`${root}README.md`, 'utf8')
const adapters = readdirSync(`${root}adapters`).filter((name) => name.endsWith('.ts')).map((name) => name.slice(0, -'.ts'.length)).sort()

describe('registries', () => {
  test('each adapter is exported by the package under its own name, and nothing else is', () => {
    const exported = Object.entries(manifest.exports).filter(([name]) => !['.', './package.json', './vitest', './html', './register'].includes(name))
    expect(exported.map(([name]) => name.slice(2)).sort()).toEqual(adapters)
    for (const [name, target] of exported) {
      const file = `./dist/adapters/${name.slice(2)}`
      expect(target).toEqual({ types: `${file}.d.ts`, default: `${file}.js` })
    }
  })

  test('each adapter stands in the table of the README', () => {
    const rows = [...readme.matchAll(/^\| `spanwise\/([\w-]+)` \|/gm)].map(([, name]) => name).sort()
    expect(rows).toEqual(adapters)
  })

  test('each adapter has a test', () => {
    const tests = filesIn('test').filter((path) => path.endsWith('.test.ts'))
    expect(adapters.filter((name) => !tests.some((path) => path.includes(name)))).toEqual([])
  })

  test.runIf(existsSync(`${root}reports/index.ts`))('each report stands in its list', () => {
    const listed = sourcesOf('reports').find(({ path }) => path === 'reports/index.ts')!.imports.map(({ from }) => posix.basename(from, '.ts'))
    const files = readdirSync(`${root}reports`).filter((name) => name.endsWith('.ts') && name !== 'index.ts')
    expect(files.map((name) => name.slice(0, -'.ts'.length)).filter((name) => !listed.includes(name))).toEqual([])
  })

  test.runIf(existsSync(`${root}src/analyze/findings/index.ts`))('each finding stands in its list', () => {
    const listed = sourcesOf('src/analyze/findings').find(({ path }) => path.endsWith('/index.ts'))!.imports.map(({ from }) => from)
    const files = readdirSync(`${root}src/analyze/findings`).filter((name) => name.endsWith('.ts') && !/^(index|shared)\.ts$/.test(name))
    expect(files.filter((name) => !listed.includes(`./${name}`))).toEqual([])
  })
})
