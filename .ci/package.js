// Packs the package, installs the tarball into an empty folder and uses it from there, as a user would.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAX_UNPACKED_BYTES = 1_000_000
const MAX_INSTALLED_PACKAGES = 10
const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// The matchers need vitest, which is not installed there.
const adapters = Object.keys(manifest.exports).map((name) => name.slice(2)).filter((name) => !['', 'package.json', 'vitest'].includes(name))
const work = realpathSync(mkdtempSync(join(tmpdir(), 'package-check-')))

const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const bin = (name, ...args) => run(process.execPath, [join(root, 'node_modules', ...name.split('/')), ...args], root)

function check(holds, message) {
  if (!holds) throw new Error(message)
}

function checkContents({ files, unpackedSize, size }) {
  const paths = files.map(({ path }) => path)
  const needed = ['package.json', 'README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md', 'docs/analysis.schema.json', 'docs/format.md',
    'docs/budget.schema.json', 'docs/budgets.md', 'docs/diff.md', 'examples/demo-run.jsonl',
    ...Object.values(manifest.bin).map((path) => path.slice(2)),
    ...Object.values(manifest.exports).flatMap((target) => [target.types, target.default].filter(Boolean).map((path) => path.slice(2)))]
  const allowed = (path) => needed.includes(path) || /^dist\/(src|adapters|reports)\/.+\.d\.ts$/.test(path) || /^docs\/findings\/[\w-]+\.md$/.test(path) || /^dist\/chunks\/[\w-]+\.js$/.test(path)
  const missing = needed.filter((path) => !paths.includes(path))
  const surplus = paths.filter((path) => !allowed(path))
  check(missing.length === 0, `the tarball lacks ${missing.join(', ')}`)
  check(surplus.length === 0, `the tarball should not hold ${surplus.join(', ')}`)
  check(unpackedSize <= MAX_UNPACKED_BYTES, `unpacked the package has ${unpackedSize} bytes, more than ${MAX_UNPACKED_BYTES}`)
  console.log(`tarball: ${paths.length} files, ${size} bytes packed, ${unpackedSize} unpacked`)
}

function install(tarball) {
  const folder = join(work, 'app')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true }')
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball], folder)
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  const installed = Object.keys(packages).filter((path) => path !== '').map((path) => path.replace(/^.*node_modules\//, ''))
  check(!installed.includes('openai') && !installed.includes('@anthropic-ai/sdk'), 'an SDK was installed with the package')
  check(installed.length <= MAX_INSTALLED_PACKAGES, `${installed.length} packages were installed: ${installed.join(', ')}`)
  console.log(`installed: ${installed.join(', ')}`)
  return folder
}

const use = `
  const search = profiler.tool('search_db', async (query) => [query])
  profiler.run('packed-agent', () => search('x')).then((found) => {
    if (found[0] !== 'x') throw new Error('the wrapped tool gave something else back')
    const text = report(profiler.lastTrace)
    for (const word of ['packed-agent', 'search_db']) if (!text.includes(word)) throw new Error('no ' + word + ' in the report:\\n' + text)
    if (analyze(profiler.lastTrace).totals.toolCalls !== 1) throw new Error('analyze() did not count the tool call')
    return compareStrategies([async () => 1, async () => 2], { concurrency: 2 })
  }).then((result) => {
    if (result === undefined) throw new Error('compareStrategies() gave nothing')
    console.log(how + ': works without any SDK')
  })
`
const core = '{ analyze, compareStrategies, profiler, report }'

function useIt(folder) {
  const esm = `import ${core} from 'spanwise'\nconst how = 'import'\n${adapters.map((name) => `import 'spanwise/${name}'\n`).join('')}${use}`
  const cjs = `const ${core} = require('spanwise')\nconst how = 'require'\n${adapters.map((name) => `require('spanwise/${name}')\n`).join('')}${use}`
  for (const [file, text] of [['use.mjs', esm], ['use.cjs', cjs]]) {
    writeFileSync(join(folder, file), text)
    process.stdout.write(run(process.execPath, ['--no-warnings', file], folder))
  }
}

/** The declarations have to hold without any SDK's types, and with library checks on. */
function compileIt(folder) {
  const text = `import ${core} from 'spanwise'
${adapters.map((name) => `import * as ${name.replaceAll('-', '_')} from 'spanwise/${name}'\nvoid ${name.replaceAll('-', '_')}\n`).join('')}
const search = profiler.tool('search', async (query: string) => query.length)
const found: Promise<number> = profiler.run('agent', () => search('x'))
const trace = profiler.lastTrace
if (trace !== undefined) { const text: string = report(trace); void text; void analyze(trace).totals.durationNs }
void found; void compareStrategies
`
  writeFileSync(join(folder, 'use.mts'), text)
  const options = { module: 'NodeNext', target: 'ES2023', lib: ['ES2023', 'DOM', 'ESNext.Disposable'], strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.mts'] }))
  bin('typescript/bin/tsc', '-p', folder)
  console.log('types: hold without any SDK')
}

try {
  run('npm', ['run', '--silent', 'build'], root)
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', work], root))
  const tarball = join(work, packed.filename)
  checkContents(packed)
  process.stdout.write(run('npx', ['--no-install', 'publint', tarball], root))
  process.stdout.write(run('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only'], root))
  const folder = install(tarball)
  useIt(folder)
  compileIt(folder)
} catch (error) {
  console.error(`package: ${error.message}${error.stdout ? `\n${error.stdout}` : ''}`)
  process.exitCode = 1
} finally {
  rmSync(work, { recursive: true })
}
