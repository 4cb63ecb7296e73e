import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'rolldown'
import { pagePlugin } from './viewer/build.js'

// The published code is a few small files instead of a hundred: each module that Node has to find and read costs about half
// a millisecond of every start, and what it has to parse costs the rest. The declarations stay one per source file. Entries
// are the package's exports and its command; its dependencies stay outside, its devDependencies that the code imports are taken in.
// `node bundle.js <folder>` writes them elsewhere.
const { bin, exports, dependencies, peerDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
// Two more are loaded by their paths: what a thread for loading runs, and what reads a configuration file.
const outputs = [...Object.values(exports).flatMap((target) => target.default ?? []), ...Object.values(bin),
  './dist/src/register/hooks.js', './dist/src/config/load.js']

const dir = process.argv[2] ?? 'dist'
await build({
  input: Object.fromEntries(outputs.map((file) => {
    const name = file.replace(/^\.\/dist\/(.+)\.js$/, '$1')
    return [name, `${name}.ts`]
  })),
  external: (id) => id.startsWith('node:') || Object.keys({ ...dependencies, ...peerDependencies }).some((name) => id === name || id.startsWith(`${name}/`)),
  platform: 'node',
  plugins: [pagePlugin()],
  output: {
    dir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      groups: [
        // What records, and what a file of it is made of and read with: everything needs it.
        { name: 'core', test: /\/src\/(model|record|trace-file)\/|\/src\/kit\.ts$|\/adapters\/shared\/(?!http\/|otel\/|claude-code\/|openai\/)/ },
        // What the package's main entry has beside it, in one file again.
        { name: 'analysis', test: /\/src\/(analyze|models|tokens|terminal|run-log|config\/define)|\/reports\/(text|shared\/(flame|bar|category|numbers|page|report|table|text|totals))|fast-string/ },
        { name: 'openai', test: /\/adapters\/(shared\/)?openai\// },
        // What a program that is recorded reads at its start.
        { name: 'register', test: /\/src\/(register\/(clients|row-of|tail|without-notices)|config\/find)\.ts$/ },
        // What the help needs, and no more: it has to be there at once.
        { name: 'cli', test: /\/src\/cli\/(command|commands|spanwise)\.ts$/ },
      ],
    },
    minify: true,
  },
})
copyFileSync(new URL('src/register/preload.cjs', import.meta.url), `${dir}/src/register/preload.cjs`)
dropPrivateDeclarations(Object.values(exports).flatMap((target) => target.types ?? []).map((file) => join(dir, file.slice('./dist/'.length))))

/** Of the declarations that the compiler wrote, those that no entry leads to are of no use to anybody: more than half of them. */
function dropPrivateDeclarations(entries) {
  const needed = new Set()
  for (const todo = [...entries]; todo.length > 0;) {
    const file = todo.pop()
    if (needed.has(file) || !existsSync(file)) continue
    needed.add(file)
    const named = readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.[jt]s['"]/g)
    for (const [, path] of named) todo.push(join(dirname(file), `${path}.d.ts`))
  }
  for (const path of readdirSync(dir, { recursive: true })) {
    const file = join(dir, path)
    if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file)
  }
}
