import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync } from 'rolldown/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundling, type Bundling } from './support/bundled.ts'

// Who imports the package and one adapter loads those, and nothing of what else there is.

let bundles: Bundling
const loaded = new Map<string, Loaded>()
beforeAll(async () => {
  bundles = await bundling()
  const folder = join(bundles.sources, 'node_modules/spanwise')
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  for (const [name, target] of Object.entries(exports)) if (typeof target === 'object') loaded.set(name, loadedBy(join(folder, target.default)))
}, 60_000)
afterAll(() => bundles.remove())

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>
}

interface Loaded {
  readonly entry: string
  readonly files: readonly string[]
  /** Those of Node and of other packages. */
  readonly modules: readonly string[]
}

/** What a file has loaded when it was imported. */
function loadedBy(entry: string): Loaded {
  const files = new Set<string>()
  const modules = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const { moduleRequest: { value: from } } of staticImports(file)) {
      if (from.startsWith('.')) visit(join(dirname(file), from))
      else modules.add(from)
    }
  }
  visit(entry)
  return { entry, files: [...files], modules: [...modules] }
}

function staticImports(file: string): readonly { readonly moduleRequest: { readonly value: string } }[] {
  const { staticImports, staticExports } = parseSync(file, readFileSync(file, 'utf8')).module
  const exported = staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => (moduleRequest === null ? [] : [{ moduleRequest }])))
  return [...staticImports, ...exported]
}

test('an entry loads no other entry and no library', () => {
  const entries = new Map([...loaded].map(([name, { entry }]) => [entry, name]))
  expect(loaded.size).toBeGreaterThan(10)
  for (const [name, { files, modules }] of loaded) {
    expect([name, files.flatMap((file) => entries.get(file) ?? [])]).toEqual([name, [name]])
    expect([name, modules.filter((module) => !module.startsWith('node:'))]).toEqual([name, name === './vitest' ? ['vitest'] : []])
  }
})

test.each(['openai', 'anthropic', 'google-genai', 'ollama'])('the package and spanwise/%s are few files, and need one module of Node', (name) => {
  const both = ['.', `./${name}`].map((one) => loaded.get(one)!)
  expect(new Set(both.flatMap(({ modules }) => modules))).toEqual(new Set(['node:async_hooks']))
  // Each file costs a start about a third of a millisecond, and what stands in it the rest.
  const files = [...new Set(both.flatMap((one) => one.files))]
  expect(files.length).toBeLessThanOrEqual(5)
  expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(400_000)
})

test.each('anthropic fetch google-genai http langchain mcp ollama openai openai-agents'.split(' '))('spanwise/%s alone loads no analysis', (name) => {
  expect(loaded.get(`./${name}`)!.files.filter((file) => /\/(analysis|page)\.js$/.test(file))).toEqual([])
})
