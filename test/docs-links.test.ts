import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesIn, root } from './support/source.ts'

const read = (path: string): string => readFileSync(root + path, 'utf8')
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/RESULTS.md', ...filesIn('docs').filter((path) => path.endsWith('.md'))]
const withoutCode = (text: string): string => text.replace(/^( *)```[\s\S]*?^\1```/gm, '').replace(/`[^`\n]*`/g, '')

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const seen = new Map<string, number>()
  const headings = read(path).replace(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/^#+ (.+)$/gm)
  return new Set([...headings].map(([, heading]) => {
    const anchor = heading!.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-')
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  }))
}

const linksOf = (path: string): readonly string[] => [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)

function isBroken(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? page : posix.join(posix.dirname(page), file)
  if (!existsSync(root + path)) return true
  return anchor !== undefined && !anchorsOf(path).has(anchor)
}

describe('the pages', () => {
  test.each(pages)('links of %s lead somewhere', (page) => {
    expect(linksOf(page).filter((link) => isBroken(page, link))).toEqual([])
  })

  test('files that they name are there', () => {
    const named = /`((?:examples|docs|test|src|adapters|bench|reports|viewer)\/[\w./-]+\.\w+)`/g
    const gone = pages.flatMap((page) => [...read(page).matchAll(named)].map(([, path]) => path!).filter((path) => !existsSync(root + path)).map((path) => `${page}: ${path}`))
    expect(gone).toEqual([])
  })

  test('the index lists each page once', () => {
    const listed = linksOf('docs/README.md').filter((link) => /^[\w/.-]+\.md$/.test(link))
    const first = new Set(listed)
    const own = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md') && name !== 'README.md')
    expect([...first].filter((link) => link !== '../README.md' && link !== 'findings/README.md').sort()).toEqual(own.sort())
    const items = [...read('docs/README.md').matchAll(/^- \[[\w/.]+\]\(([\w/.]+)\)/gm)].map(([, link]) => link)
    expect(items).toEqual([...new Set(items)])
  })

  test('a link to nowhere is seen', () => {
    expect(['docs/none.md', '#none', 'docs/http.md#none', 'docs/http.md#what-it-costs', 'https://example.com'].map((link) => isBroken('README.md', link)))
      .toEqual([true, true, true, false, false])
  })
})

const source = ['src', 'adapters', 'viewer', 'reports'].flatMap((folder) => filesIn(folder)).filter((path) => /\.(ts|tsx|cjs|js)$/.test(path)).map(read).join('\n')

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
}
const manifest = JSON.parse(read('package.json')) as Manifest

/** The versions that the tests run with, by package: those under an alias as well. */
const installed = new Map<string, string[]>()
for (const [name, wanted] of Object.entries(manifest.devDependencies)) {
  const [, alias, version] = /^npm:(.+)@([^@]+)$/.exec(wanted) ?? [undefined, name, wanted]
  installed.set(alias!, [...(installed.get(alias!) ?? []), version!])
}

/** What a page says was tested: a package, and the versions in the words behind it. */
const claims: readonly (readonly [page: string, package_: string, said: RegExp])[] = [
  ['docs/clients.md', 'openai', /npm install spanwise openai[\s\S]*?\nTested with ([^.]*(?:\.\d[^.]*)*)\. /],
  ['docs/clients.md', '@anthropic-ai/sdk', /npm install spanwise @anthropic-ai\/sdk[\s\S]*?\nTested with ([^.]*(?:\.\d[^.]*)*)\. /],
  ['docs/clients.md', '@google/genai', /npm install spanwise @google\/genai[\s\S]*?\nTested with ([\d., and]+), as ESM/],
  ['docs/clients.md', 'ollama', /npm install spanwise ollama[\s\S]*?\nTested with ([\d.]+), its Node/],
  ['docs/frameworks.md', '@langchain/core', /\*\*Tested\*\* with `@langchain\/core` ([\d. and]+),/],
  ['docs/frameworks.md', '@langchain/langgraph', /`@langchain\/langgraph` ([\d.]+\d)/],
  ['docs/frameworks.md', '@langchain/openai', /`@langchain\/openai` ([\d.]+\d)/],
  ['docs/frameworks.md', '@langchain/anthropic', /`@langchain\/anthropic` ([\d.]+\d)/],
  ['docs/frameworks.md', '@llamaindex/core', /`@llamaindex\/core` ([\d.]+\d)/],
  ['docs/frameworks.md', '@llamaindex/openai', /`@llamaindex\/openai` ([\d.]+\d)/],
  ['docs/frameworks.md', 'ai', /\*\*Tested\*\* with `ai` ([\d., and]+) and `@ai-sdk/],
  ['docs/frameworks.md', '@ai-sdk/openai', /`@ai-sdk\/openai` ([\d., and]+) \(/],
  ['docs/frameworks.md', '@openai/agents', /`@openai\/agents` ([\d.]+\d):/],
  ['docs/frameworks.md', '@opentelemetry/sdk-trace-base', /`@opentelemetry\/sdk-trace-base` ([\d.]+\d)/],
  ['docs/http.md', 'express', /Express ([\d.]+ and [\d.]+), /],
  ['docs/http.md', 'fastify', /Fastify ([\d. and]+), Hono/],
  ['docs/http.md', 'hono', /Hono ([\d.]+\d) with/],
  ['docs/http.md', '@hono/node-server', /`@hono\/node-server` ([\d.]+\d)/],
  ['docs/processes.md', '@modelcontextprotocol/sdk', /tested with ([\d.]+\d);/],
  ['docs/no-code.md', 'openai', /^\| `openai` \| ([^|]+) \|/m],
  ['docs/no-code.md', '@anthropic-ai/sdk', /^\| `@anthropic-ai\/sdk` \| ([^|]+) \|/m],
  ['docs/no-code.md', '@google/genai', /^\| `@google\/genai` \| ([^|]+) \|/m],
  ['docs/no-code.md', '@langchain/core', /^\| `@langchain\/core` \| ([^|]+) \|/m],
  ['docs/log.md', 'pino', /Tested with pino ([\d.]+\d)/],
  ['docs/bundlers.md', 'esbuild', /^\| esbuild \| ([\d.]+) \|/m],
  ['docs/bundlers.md', 'vite', /^\| Vite \| ([\d.]+) \|/m],
  ['docs/bundlers.md', 'next', /^\| Next\.js \| ([\d.]+), /m],
  ['docs/bundlers.md', 'rolldown', /^\| Rolldown \| ([\d.]+) \|/m],
]

describe('what they claim', () => {
  test.each(claims)('%s: versions of %s that were tested', (page, name, said) => {
    const [, text] = said.exec(read(page)) ?? []
    const versions = (text ?? '').match(/\d+(?:\.\d+)*/g) ?? []
    const known = installed.get(name) ?? []
    // `1.40` stands for the version that begins so.
    const covered = versions.map((version) => known.find((one) => one === version || one.startsWith(`${version}.`)))
    expect([...covered].sort()).toEqual([...known].sort())
  })

  test('the variables of the environment are those that the source reads', () => {
    const used = new Set([...source.matchAll(/'(SPANWISE(?:_[A-Z]+)*)'/g)].map(([, name]) => name))
    const listed = [...read('docs/configuration.md').matchAll(/^\| `(SPANWISE(?:_[A-Z]+)*)` \|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual([...used].sort())
  })

  test('each option of a table is one that the source takes', () => {
    const tables = pages.flatMap((page) => [...read(page).matchAll(/^\| (?:option|key) \| default \| meaning \|\n\|[-|]+\n((?:\|.*\n)+)/gm)].map(([, rows]) => ({ page, rows: rows! })))
    const options = tables.flatMap(({ page, rows }) => [...rows.matchAll(/^\| `(?:\w+\(\w+, \{ )?([\w.]+)/gm)].map(([, name]) => `${page}: ${name!.split('.').at(-1)!}`))
    expect(options.length).toBeGreaterThan(50)
    expect(options.filter((one) => !new RegExp(`^ +(readonly )?${one.split(': ')[1]!}\\??[:(]`, 'm').test(source))).toEqual([])
  })

  test('each entry of the package that they import is there', () => {
    const entries = new Set(Object.keys(manifest.exports).map((name) => `spanwise${name.slice(1)}`))
    const imported = pages.flatMap((page) => [...read(page).matchAll(/(?:from|import) '(spanwise(?:\/[\w-]+)?)'/g)].map(([, name]) => `${page}: ${name!}`))
    expect(imported.filter((one) => !entries.has(one.split(': ')[1]!))).toEqual([])
  })
})
