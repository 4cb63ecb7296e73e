import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { build as rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeTrace } from '../src/index.ts'
import type { Span, Trace } from '../src/model/span.ts'
import { checkTrace } from './laws.ts'
import { bundling, type Application, type Bundling } from './support/bundled.ts'
import { cut, gate, json, raw, startProviderServer, type Asked, type Gate, type ProviderServer, type Reply, type Session } from './support/provider-server.ts'
import { root } from './support/source.ts'

/**
 * Applications bundled with what users bundle with, everything in and minified, and run where no package is installed:
 * explicit wrapping works there as it does without a bundler. They stand in `test/fixtures/bundled`; the package is the built one.
 */
let bundles: Bundling
let provider: ProviderServer
const built = new Map<App, ReturnType<App['bundle']>>()
beforeAll(async () => {
  [bundles, provider] = await Promise.all([bundling(), startProviderServer()])
  // All at once: each takes seconds, and leaves a processor idle for some of them.
  for (const app of apps) built.set(app, app.bundle())
  await Promise.allSettled(built.values())
}, 180_000)
afterAll(async () => {
  await bundles.remove()
  await provider.close()
})

/** Runs that are open at the same time. */
const TOGETHER = 50

interface App {
  readonly name: string
  readonly path: string
  /** Bundles it and puts the result where it is to run. @returns the folder, and what starts it there */
  bundle(): Promise<readonly [folder: string, ...words: string[]]>
}

const apps: readonly App[] = [
  { name: 'esbuild, ESM', path: '/', bundle: async () => [await withEsbuild('server.js', 'app.mjs'), 'app.mjs'] },
  { name: 'esbuild, CommonJS', path: '/', bundle: async () => [await withEsbuild('server.js', 'app.cjs'), 'app.cjs'] },
  { name: 'Vite SSR', path: '/', bundle: withVite },
  { name: 'Next.js, Turbopack', path: '/api/agent', bundle: () => withNext('turbopack') },
  { name: 'Next.js, webpack', path: '/api/agent', bundle: () => withNext('webpack') },
]

describe.each(apps)('$name', (description) => {
  const { name, path } = description
  let app: Application
  let session: Session
  let asked = 0
  const together = gate()
  const reply = (request: Asked): Reply => replyTo(request, together)
  beforeAll(async () => {
    session = provider.session()
    session.reply(...Array.from({ length: 2 * TOGETHER + 20 }, () => reply))
    const [folder, ...words] = await built.get(description)!
    app = await bundles.start(folder, words, { PROVIDER_URL: session.url, SPANWISE_DIR: 'runs' })
  }, 60_000)

  const ask = async (kind: string, question = kind): Promise<Recorded> => {
    asked++
    const response = await fetch(app.url + path, { method: 'POST', body: JSON.stringify({ kind, question }) })
    return read(await response.text())
  }

  test('a run holds each call and each tool once', async () => {
    const { answer, trace, report } = await ask('agent', 'weather')
    expect(answer).toBe('found weather')
    expect(outline(trace)).toEqual(runAbout('weather'))
    expect(session.asked.length).toBe(2)
    expect(report).toContain('2 LLM calls · 1 tool call')
    expect(report).toContain('$0.00')
    expect(report).toMatch(/Sources +prices: @pydantic\/genai-prices/)
    const call = trace.spans.find(({ category }) => category === 'llm')!
    expect(call.llm!.attempts!.map(({ status }) => status)).toEqual([200])
  })

  test('runs at the same time do not mix', async () => {
    const before = session.asked.length
    const numbers = Array.from({ length: TOGETHER }, (_, i) => `together ${i}`)
    const answers = numbers.map((question) => ask('agent', question))
    // Until the first call of each has arrived, none is answered.
    await session.arrived(before + TOGETHER)
    together.open()
    const recorded = await Promise.all(answers)
    expect(recorded.map(({ trace }) => outline(trace))).toEqual(numbers.map(runAbout))
    expect(new Set(recorded.map(({ trace }) => trace.id)).size).toBe(TOGETHER)
    expect(session.asked.length - before).toBe(2 * TOGETHER)
  }, 60_000)

  test('tokens that no provider counted are counted, and have a price', async () => {
    const { report, trace } = await ask('once', 'uncounted')
    expect(trace.spans.find(({ llm }) => llm)!.llm!.usage).toBeUndefined()
    // The question and its answer are two tokens of o200k_base each; a message and a request take a few beside.
    expect(report).toMatch(/~\$0\.00\d+ {3}~9 tokens in, ~2 out {3}1 LLM call/)
    expect(report).toContain('tokens: counted locally with the o200k_base')
  })

  test('the page is in the bundle', async () => {
    const { page } = await ask('once')
    expect(page).toContain('<title>agent · Spanwise</title>')
    expect(page).toContain('id="run">H4sI')
    expect(page!.endsWith('</html>\n') || page!.endsWith('</html>')).toBe(true)
  })

  test.each([
    ['limited', 'once', 'RateLimitError'], ['unauthorized', 'once', 'AuthenticationError'], ['broken', 'once', 'InternalServerError'],
    ['limited', 'claude', 'RateLimitError'], ['cut', 'once', 'APIConnectionError'],
  ])('an error whose class has lost its name is told: %s %s', async (question, kind, type) => {
    const { trace, answer } = await ask(kind, question)
    const { className } = answer as { readonly className: string }
    expect(trace.spans.map(({ outcome }) => outcome)).toEqual(trace.spans.map(() => expect.objectContaining({ state: 'failed', type })))
    // What the test is about: it did lose it.
    expect(className).not.toBe(type)
  })

  test('a request that is taken back is cancelled', async () => {
    const { trace, answer } = await ask('left')
    expect(answer).toMatchObject({ isAbort: true, message: 'Request was aborted.' })
    expect(outline(trace)).toEqual(['agent cancelled', '  llm gpt-4o-mini openai cancelled'])
  })

  test('the provider is known by more than the name of the client\'s class', async () => {
    const providerOf = async (kind: string): Promise<unknown> => (await ask(kind)).trace.spans.find(({ llm }) => llm)!.llm!.provider
    expect([await providerOf('azure'), await providerOf('claude'), await providerOf('once')]).toEqual(['azure.ai.openai', 'anthropic', 'openai'])
  })

  if (name.startsWith('Next.js')) {
    test('a server component records into the same profiler as the routes, which each may have a copy of the package', async () => {
      asked++
      const page = await (await fetch(`${app.url}/?question=component`)).text()
      const [, escaped] = /<pre>(.*?)<\/pre>/.exec(page)!
      expect(outline(read(unescaped(escaped!)).trace)).toEqual(runAbout('component'))
      const { runs, copies } = await (await fetch(`${app.url}/api/other`)).json() as { readonly runs: number; readonly copies: number }
      expect(runs).toBe(asked)
      expect(copies).toBeGreaterThan(1)
    })

    test('instrumentation.js hears of all runs', async () => {
      const heard = (): string[] => app.said().split('\n').filter((line) => line.startsWith('run agent'))
      await expect.poll(() => heard().length).toBe(asked)
      expect(new Set(heard())).toEqual(new Set(['run agent ok', 'run agent failed', 'run agent cancelled']))
    })
  }

  test('each run has become a file', () => {
    const folder = join(app.folder, 'runs')
    const files = readdirSync(folder)
    expect(files.length).toBe(asked)
    for (const file of files) {
      const { traces, problems } = decodeTrace(readFileSync(join(folder, file), 'utf8'))
      expect([traces.length, problems]).toEqual([1, []])
      checkTrace(traces[0]!)
    }
  })
})

test.each(['esbuild', 'rolldown'])('%s leaves in what the profiler needs, where nothing else is asked for', async (bundler) => {
  const folder = bundler === 'esbuild' ? await withEsbuild('only-profiler.js', 'only.mjs') : await withRolldown('only-profiler.js', 'only.mjs')
  await bundles.run(folder, ['only.mjs'])
  expect(readdirSync(join(folder, 'chrome'))).toEqual([expect.stringMatching(/^run_.*\.json$/)])
})

test('two bundles in one process have one profiler, and record into each other\'s runs', async () => {
  const session = provider.session()
  session.reply(replyTo, replyTo)
  const folder = await withEsbuild('handler.js', 'one.mjs')
  await withEsbuild('handler.js', 'two.mjs', folder)
  writeFileSync(join(folder, 'both.mjs'), `
    import * as one from './one.mjs'
    import * as two from './two.mjs'
    await one.profiler.run('agent', () => two.kinds.agent('both'))
    const { traces } = two.profiler
    console.log(JSON.stringify({ copies: one.Profiler !== two.Profiler, traces: traces.length, run: two.encodeTrace(traces[0]) }))
  `)
  const said = await bundles.run(folder, ['both.mjs'], { PROVIDER_URL: session.url })
  expect(JSON.parse(said)).toMatchObject({ copies: true, traces: 1 })
  expect(outline(read(said).trace)).toEqual(runAbout('both'))
})

async function withEsbuild(entry: string, out: string, folder = bundles.place(out)): Promise<string> {
  await build({
    entryPoints: [join(bundles.sources, 'esbuild', entry)], outfile: join(folder, out), format: out.endsWith('.cjs') ? 'cjs' : 'esm',
    bundle: true, platform: 'node', packages: 'bundle', minify: true, logLevel: 'error',
  })
  return folder
}

async function withRolldown(entry: string, out: string): Promise<string> {
  const folder = bundles.place(`rolldown-${out}`)
  const output = { file: join(folder, out), format: 'esm', codeSplitting: false, minify: true } as const
  await rolldown({ input: join(bundles.sources, 'esbuild', entry), platform: 'node', logLevel: 'silent', output })
  return folder
}

async function withVite(): ReturnType<App['bundle']> {
  const folder = bundles.place('vite')
  const words = ['build', '--ssr', 'entry-server.js', '--outDir', folder, '--logLevel', 'error']
  await bundles.run(join(bundles.sources, 'vite'), [`${root}node_modules/vite/bin/vite.js`, ...words])
  for (const file of ['package.json', 'serve.js', 'vite/server.js']) cpSync(join(bundles.sources, file), join(folder, basename(file)))
  return [folder, 'server.js']
}

async function withNext(bundler: 'turbopack' | 'webpack'): ReturnType<App['bundle']> {
  const next = `${root}node_modules/next/dist/bin/next`
  const sources = bundles.place(`${bundler}-sources`)
  cpSync(bundles.sources, sources, { recursive: true, verbatimSymlinks: true })
  await bundles.run(join(sources, 'next'), [next, 'build', `--${bundler}`])
  const folder = bundles.place(bundler, ['next', 'react', 'react-dom'])
  for (const name of ['.next', 'next.config.js', 'package.json']) cpSync(join(sources, name === 'package.json' ? '.' : 'next', name), join(folder, name), { recursive: true })
  // What was built remembers where: nothing is there any more.
  rmSync(sources, { recursive: true })
  return [folder, next, 'start', '--hostname', '127.0.0.1', '--port', '0']
}

interface Recorded {
  readonly answer: unknown
  readonly trace: Trace
  readonly report: string
  readonly page?: string
}

function read(text: string): Recorded {
  const { run, ...rest } = JSON.parse(text) as Omit<Recorded, 'trace'> & { readonly run: string }
  const { traces, problems } = decodeTrace(run)
  expect([traces.length, problems]).toEqual([1, []])
  const trace = traces[0]!
  checkTrace(trace)
  return { ...rest, trace }
}

/** A line for each span: what it is, which call of whose, and how it ended. */
function outline({ spans }: Trace): string[] {
  return spans.map(({ name, category, parentId, llm, tool, outcome }: Span) => [
    ...(parentId === undefined ? [name] : [`  ${category}`, name]), llm?.provider, llm?.responseId, tool?.callId, outcome.state,
  ].filter((word) => word !== undefined).join(' '))
}

const runAbout = (question: string): string[] => [
  'agent ok',
  `  llm gpt-4o-mini openai ${question}-1 ok`,
  `  tool search call-${question} ok`,
  `  llm gpt-4o-mini openai ${question}-2 ok`,
]

const unescaped = (html: string): string =>
  html.replaceAll('&quot;', '"').replaceAll('&#x27;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** What the provider says to a question: most of all calls for a tool first, and then repeats what the tool found. */
function replyTo({ path, body }: Asked, together?: Gate): Reply {
  const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly role: string; readonly content: string }[] }
  const question = messages[0]!.content
  if (question === 'cut') return cut
  const status = ERRORS[question]
  if (status !== undefined) return json({ error: { message: question, type: question } }, { status })
  if (path === '/v1/messages') {
    const usage = { input_tokens: 10, output_tokens: 5 }
    return json({ id: 'msg', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content: [{ type: 'text', text: 'said' }], stop_reason: 'end_turn', usage })
  }
  const last = messages.at(-1)!
  const completion = (turn: number, finish_reason: string, message: object): string => JSON.stringify({
    id: `${question}-${turn}`, object: 'chat.completion', model: 'gpt-4o-mini', choices: [{ index: 0, finish_reason, message: { role: 'assistant', ...message } }],
    ...(question !== 'uncounted' && { usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 } }),
  })
  if (last.role === 'tool') return json(completion(2, 'stop', { content: last.content }))
  if (!body.includes('"tools"')) return json(completion(1, 'stop', { content: 'Hi there' }))
  const call = { id: `call-${question}`, type: 'function', function: { name: 'search', arguments: JSON.stringify({ query: question }) } }
  const asking = completion(1, 'tool_calls', { content: null, tool_calls: [call] })
  const waits = together !== undefined && question.startsWith('together')
  return raw(waits ? [together, asking] : [asking], { headers: { 'content-type': 'application/json' } })
}

const ERRORS: Readonly<Record<string, number>> = { limited: 429, unauthorized: 401, broken: 500 }
