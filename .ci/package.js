// Packs the package, installs the tarball into an empty folder and uses it from there, as a user would.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// What code, declarations and docs may take, and the page, which is in the package once: an empty report may weigh 400 kB.
const MAX_UNPACKED_BYTES = 1_350_000 + 400_000
const MAX_INSTALLED_PACKAGES = 10
const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// The matchers need vitest, which is not installed there; what registers is looked at by itself.
const adapters = Object.keys(manifest.exports).map((name) => name.slice(2)).filter((name) => !['', 'package.json', 'register', 'vitest'].includes(name))
const work = realpathSync(mkdtempSync(join(tmpdir(), 'package-check-')))

const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const bin = (name, ...args) => run(process.execPath, [join(root, 'node_modules', ...name.split('/')), ...args], root)

function check(holds, message) {
  if (!holds) throw new Error(message)
}

function checkContents({ files, unpackedSize, size }) {
  const paths = files.map(({ path }) => path)
  // All pages, and the programs that they show.
  const shown = ['docs', 'examples'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => /^docs\/.+\.(md|json)$|^examples\/(?!demo\.|record-demo).+(?<!\.d)\.(ts|py)$/.test(path))
  const needed = ['package.json', 'README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md', ...shown, 'examples/demo-run.jsonl',
    // Loaded by their paths.
    'dist/src/register/preload.cjs', 'dist/src/register/hooks.js', 'dist/src/config/load.js',
    ...Object.values(manifest.bin).map((path) => path.slice(2)),
    ...Object.values(manifest.exports).flatMap((target) => [target.types, target.default].filter(Boolean).map((path) => path.slice(2)))]
  const allowed = (path) => needed.includes(path) || /^dist\/(src|adapters|reports|viewer)\/.+\.d\.ts$/.test(path) || /^docs\/findings\/[\w-]+\.md$/.test(path) || /^dist\/chunks\/[\w-]+\.js$/.test(path)
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
    const html = htmlReport(profiler.lastTrace)
    for (const part of ['<title>packed-agent · Spanwise</title>', 'id="run">H4sI', '</html>']) if (!html.includes(part)) throw new Error('no ' + part + ' in the page')
    if (!htmlReport(undefined).includes('Nothing was recorded')) throw new Error('a page of nothing does not say so')
    if (analyze(profiler.lastTrace).totals.toolCalls !== 1) throw new Error('analyze() did not count the tool call')
    return compareStrategies([async () => 1, async () => 2], { concurrency: 2 })
  }).then((result) => {
    if (result === undefined) throw new Error('compareStrategies() gave nothing')
    console.log(how + ': works without any SDK')
  })
`
const core = '{ analyze, compareStrategies, profiler, report }'

function useIt(folder) {
  const esm = `import ${core} from 'spanwise'\nimport { htmlReport } from 'spanwise/html'\nconst how = 'import'\n${adapters.map((name) => `import 'spanwise/${name}'\n`).join('')}${use}`
  const cjs = `const ${core} = require('spanwise')\nconst { htmlReport } = require('spanwise/html')\nconst how = 'require'\n${adapters.map((name) => `require('spanwise/${name}')\n`).join('')}${use}`
  for (const [file, text] of [['use.mjs', esm], ['use.cjs', cjs]]) {
    writeFileSync(join(folder, file), text)
    process.stdout.write(run(process.execPath, ['--no-warnings', file], folder))
  }
}

/** One file with everything in it, as servers and functions in a cloud get it. */
async function bundleIt(folder) {
  const { build } = await import('rolldown')
  await build({ input: join(folder, 'use.mjs'), platform: 'node', logLevel: 'silent', output: { file: join(folder, 'bundled.mjs'), format: 'esm', minify: true, codeSplitting: false } })
  process.stdout.write(run(process.execPath, ['--no-warnings', 'bundled.mjs'], folder).replace('import', 'bundled'))
}

/** The command writes the same page; what does not need it does not load it. */
function commandIt(folder) {
  const main = join(folder, 'node_modules/spanwise', manifest.bin.spanwise)
  run(process.execPath, [main, 'demo', '-o', 'demo.html'], folder)
  const page = readFileSync(join(folder, 'demo.html'), 'utf8')
  check(page.startsWith('<!doctype html>') && page.includes('id="run">H4sI'), 'spanwise demo -o demo.html wrote no page')
  const dist = join(folder, 'node_modules/spanwise/dist')
  const holdsPage = (file) => readFileSync(join(dist, file), 'utf8').includes('id="app"')
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js') && holdsPage(file))
  check(files.length === 1, `the page is in the package ${files.length} times: ${files.join(', ')}`)
  rmSync(join(dist, files[0]))
  for (const words of [['--help'], ['report', '--help'], ['demo'], ['demo', '-o', 'demo.md']]) run(process.execPath, [main, ...words], folder)
  console.log('command: writes the page, and loads it for nothing else')
}

/** A package of the name and the files of a client, of which the class is seen in both module systems. */
function registerIt(folder) {
  const client = `class OpenAI {
    fetch = fetch
    post() {
      return Promise.resolve({ id: 'c', model: 'gpt', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }] })
    }
  }`
  const agent = "new OpenAI().post('/chat/completions', { body: { model: 'gpt', messages: [] } }).then(({ id }) => console.log(id))"
  const own = join(folder, 'node_modules/openai')
  mkdirSync(own)
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name: 'openai', exports: { import: './client.mjs', require: './client.js' } }))
  writeFileSync(join(own, 'client.mjs'), `${client}\nexport { OpenAI }\n//# sourceMappingURL=client.mjs.map`)
  writeFileSync(join(own, 'client.js'), `${client}\nexports.OpenAI = OpenAI\n//# sourceMappingURL=client.js.map`)
  writeFileSync(join(folder, 'agent.mjs'), `import { OpenAI } from 'openai'\n${agent}`)
  writeFileSync(join(folder, 'agent.cjs'), `const { OpenAI } = require('openai')\n${agent}`)
  writeFileSync(join(folder, 'spanwise.config.mjs'), "import { defineConfig } from 'spanwise'\nexport default defineConfig({ service: 'packed' })")
  const main = join(folder, 'node_modules/spanwise', manifest.bin.spanwise)
  for (const file of ['agent.mjs', 'agent.cjs']) {
    for (const words of [['--import', 'spanwise/register', file], ['-r', 'spanwise/register', file], [main, 'run', '--no-report', '--', process.execPath, file]]) {
      check(run(process.execPath, words, folder) === 'c\n', `${words.join(' ')}: the program printed something else`)
    }
  }
  const { runs } = JSON.parse(run(process.execPath, [main, 'list', '--json'], folder))
  const found = runs.map(({ name, llmCalls }) => `${name} ${llmCalls}`).sort().join(', ')
  check(found === [...Array(3).fill('agent.cjs 1'), ...Array(3).fill('agent.mjs 1')].join(', '), `recorded were ${found}`)
  console.log('register: records in both module systems')
}

/** What serves requests of Node's own server names its types. */
const NODE_SERVERS = ['http', 'express', 'fastify']

/** The declarations have to hold without any SDK's or framework's types, with library checks on: most without Node's too, and all in a program for Node. */
function compileIt(folder) {
  const imports = (names) => names.map((name) => `import * as ${name.replaceAll('-', '_')} from 'spanwise/${name}'\nvoid ${name.replaceAll('-', '_')}\n`).join('')
  const use = `
const search = profiler.tool('search', async (query: string) => query.length)
const found: Promise<number> = profiler.run('agent', () => search('x'))
const trace = profiler.lastTrace
const page: string = html.htmlReport(trace, { thresholds: { savingMs: 5 } })
if (trace !== undefined) { const text: string = report(trace); void text; void analyze(trace).totals.durationNs }
void found; void page; void compareStrategies
`
  const strict = { module: 'NodeNext', target: 'ES2023', strict: true, exactOptionalPropertyTypes: true, noEmit: true }
  const compile = (name, names, options) => {
    writeFileSync(join(folder, `${name}.mts`), `import ${core} from 'spanwise'\n${imports(names)}${use}`)
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ compilerOptions: { ...strict, ...options }, files: [`${name}.mts`] }))
    bin('typescript/bin/tsc', '-p', join(folder, `${name}.json`))
  }
  compile('anywhere', adapters.filter((name) => !NODE_SERVERS.includes(name)), { lib: ['ES2023', 'DOM', 'ESNext.Disposable'], types: [] })
  compile('on-node', adapters, { lib: ['ES2023', 'ESNext.Disposable'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')] })
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
  await bundleIt(folder)
  compileIt(folder)
  commandIt(folder)
  registerIt(folder)
} catch (error) {
  console.error(`package: ${error.message}${error.stdout ? `\n${error.stdout}` : ''}`)
  process.exitCode = 1
} finally {
  rmSync(work, { recursive: true })
}
