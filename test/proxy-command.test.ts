import { spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { analyze, type Trace } from 'spanwise'
import { supportAgentScript } from '../examples/replay/recordings.ts'
import { startReplayServer } from '../examples/replay/server.ts'
import { decodeTrace } from '../src/trace-file/index.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { buildCli, type BuiltCli, type Ended } from './support/built-cli.ts'
import { Desk } from './support/cli.ts'
import { upstream, type Upstream } from './support/proxy.ts'
import { root } from './support/source.ts'

const ANSWER = JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt-5-mini-2025-08-07', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
})

const provider = (): Promise<Upstream> => upstream((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200, { 'Content-Type': 'application/json' }).end(ANSWER))
})

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** A program without any library, as it could be written in any language. */
const PLAIN = `
const http = require('node:http')
const ask = (variable, path) => new Promise((resolve, reject) => {
  const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] })
  const request = http.request(process.env[variable] + path, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-test-0123456789abcdefghij' } })
  request.on('response', (response) => { response.resume(); response.on('end', resolve) }).on('error', reject).end(body)
})
ask('OPENAI_BASE_URL', '/chat/completions').then(() => ask('OPENAI_BASE_URL', '/chat/completions')).then(() => {
  console.log('done ' + process.argv.slice(2).join(' '))
  process.exitCode = Number(process.argv[2] ?? 0)
})
`

function recordedIn(folder: string): Trace[] {
  const files = readdirSync(join(folder, '.spanwise')).filter((name) => name.endsWith('.jsonl'))
  return files.flatMap((name) => decodeTrace(readFileSync(join(folder, '.spanwise', name), 'utf8')).traces)
}

function checkAll(traces: readonly Trace[]): void {
  for (const trace of traces) {
    checkTrace(trace)
    checkAnalysis(analyze(trace))
  }
}

describe('around a program', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
    desk.write('agent.js', PLAIN)
  })
  afterEach(() => desk.remove())
  const env = { PATH: process.env['PATH'] }

  test('one run, named after its script, with the report at the end and the exit code of the program', async () => {
    const server = await provider()
    const { code, out, err } = await desk.say(['proxy', '--to', `${server.url}/v1`, '--', 'node', 'agent.js', '3'], { env })
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^agent\.js [^]*gpt-5-mini[^]*recorded in \.spanwise; spanwise show [0-9a-f]{8} prints it again\nspanwise: the program ended with exit code 3\n$/m)
    expect(server.asked.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions'])
    const traces = recordedIn(desk.cwd)
    checkAll(traces)
    expect(traces).toMatchObject([{ name: 'agent.js', spans: [{ outcome: { state: 'failed', type: 'exit', message: 'exit code 3' } }, { category: 'llm' }, { category: 'llm' }] }])
    expect(JSON.stringify(traces)).not.toContain('sk-test')
    expect((await desk.say(['list', '--json'])).out).toContain('"agent.js"')
  })

  test('its variables, instead of those that it would have had', async () => {
    const server = await provider()
    const script = `require('node:fs').writeFileSync('env.txt', Object.entries(process.env).filter(([name]) => /_BASE|_HOST|proxy/i.test(name)).map(([name, value]) => name + '=' + value).sort().join('\\n'))`
    const { code } = await desk.say([
      'proxy', '--to', 'groq=https://api.groq.com/openai/v1', '--to', 'ollama=http://localhost:11434', '--to', 'my-own=http://localhost:1/', '--no-report', '--',
      'node', '-e', script,
    ], { env: { ...env, OPENAI_API_BASE: `${server.url}/gateway/v1/`, https_proxy: 'http://corporate:3128', NO_PROXY: 'intranet' } })
    expect(code).toBe(0)
    expect(readFileSync(join(desk.cwd, 'env.txt'), 'utf8').replaceAll(/127\.0\.0\.1:\d+/g, 'HERE').split('\n')).toEqual([
      'ANTHROPIC_BASE_URL=http://HERE/anthropic', 'GOOGLE_GEMINI_BASE_URL=http://HERE/google', 'GROQ_BASE_URL=http://HERE/groq/openai/v1', 'MY_OWN_BASE_URL=http://HERE/my-own',
      'NO_PROXY=intranet,127.0.0.1', 'OLLAMA_BASE_URL=http://HERE/ollama', 'OLLAMA_HOST=http://HERE/ollama', 'OPENAI_API_BASE=http://HERE/openai/gateway/v1',
      'OPENAI_BASE_URL=http://HERE/openai/gateway/v1', 'https_proxy=http://corporate:3128', 'no_proxy=intranet,127.0.0.1',
    ])
  })

  test('the provider that the environment names is the one that is asked; a proxy of ours there is not', async () => {
    const server = await provider()
    await desk.say(['proxy', '--no-report', '--', 'node', 'agent.js'], { env: { ...env, OPENAI_BASE_URL: `${server.url}/v1` } })
    expect(server.asked).toHaveLength(2)
    const script = `require('node:fs').writeFileSync('out.txt', process.env.OPENAI_BASE_URL)`
    await desk.say(['proxy', '--no-report', '--', 'node', '-e', script], { env: { ...env, OPENAI_BASE_URL: 'http://127.0.0.1:4320/openai/v1' } })
    expect(readFileSync(join(desk.cwd, 'out.txt'), 'utf8')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/openai\/v1$/)
    expect(readFileSync(join(desk.cwd, 'out.txt'), 'utf8')).not.toContain(':4320/')
  })

  test('as JSON, alone on standard output; also when it recorded nothing', async () => {
    const server = await provider()
    const { out } = await desk.say(['proxy', '--json', '--to', `${server.url}/v1`, '--', 'node', 'agent.js'], { env })
    expect(JSON.parse(out)).toMatchObject({ format: 'spanwise-analysis', run: { name: 'agent.js' }, totals: { llmCalls: 2 } })
    const none = await desk.say(['proxy', '--', 'node', '-e', ''], { env })
    expect(none).toMatchObject({ code: 0, out: '' })
    expect(none.err).toMatch(/^spanwise: the program recorded nothing: no call of a model came through the proxy\n.*\n.*OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL/)
    const off = await desk.say(['proxy', '--to', `${server.url}/v1`, '--', 'node', 'agent.js'], { env: { ...env, SPANWISE: '0' } })
    expect([off.code, off.err]).toEqual([0, 'spanwise: the program recorded nothing: SPANWISE is set to a value that switches recording off\n'])
    expect(server.asked).toHaveLength(4)
    expect(readdirSync(join(desk.cwd, '.spanwise'))).toHaveLength(1)
  })

  test('a program that is not there, and command lines that make no sense', async () => {
    expect(await desk.say(['proxy', '--', 'no-such-program-anywhere'], { env })).toMatchObject({ code: 127, err: expect.stringContaining('spanwise proxy -- node agent.js') })
    expect(readdirSync(join(desk.cwd, '.spanwise'))).toEqual([])
    for (const [words, reason] of [
      [['--port', '70000'], '--port must be a port'], [['--content', 'some'], '--content must be none or full'], [['--idle', '0'], '--idle must be'],
      [['--to', 'localhost:11434'], 'begins with http:// or https://'], [['--to', 'x=ftp://y'], 'begins with http:// or https://'], [['--to', 'a/b=http://x'], 'a name has letters'],
      [['--to', 'http://me:secret@x/'], 'no user and no password'], [['--to', 'http://x/?key=secret'], 'ends with its path'], [['-o', 'x.md'], '--output is for the report of a program'],
      [['--idle', '5', '--', 'node', '-e', ''], '--idle is for a proxy without a program'], [['-f', 'chrom', '--', 'node'], 'chrom'], [['--prt', '1'], 'did you mean --port?'],
    ] as const) {
      const { code, err } = await desk.say(['proxy', ...words], { env })
      expect([words, code, err]).toEqual([words, 2, expect.stringContaining(reason)])
      expect(err).not.toContain('secret')
    }
    expect(await desk.say(['proxy'], { env: { OPENAI_BASE_URL: 'nonsense' } })).toMatchObject({ code: 2, err: expect.stringContaining('OPENAI_BASE_URL: the address of a server') })
  })
})

let built: BuiltCli
beforeAll(async () => {
  built = await buildCli()
  built.write('agent.js', PLAIN)
  built.write('slow.js', `${PLAIN.replace(/^ask\(/m, "process.on('SIGINT', () => process.exit(130)); setInterval(() => {}, 1000); console.log('ready'); ask(")}`)
})
afterAll(() => built.remove())

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

interface Running {
  readonly child: ChildProcess
  readonly said: { out: string; err: string }
  readonly ended: Promise<[number | null]>
  until(pattern: RegExp): Promise<RegExpExecArray>
  stop(signal: NodeJS.Signals): Promise<number | null>
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}, detached = false): Running {
  const child = built.start(words, { detached, env })
  children.add(child)
  const said = { out: '', err: '' }
  child.stdout!.on('data', (bytes: Buffer) => (said.out += bytes.toString()))
  child.stderr!.on('data', (bytes: Buffer) => (said.err += bytes.toString()))
  const ended = once(child, 'close') as Promise<[number | null]>
  return {
    child, said, ended,
    async until(pattern) {
      for (;;) {
        const found = pattern.exec(said.out)
        if (found !== null) return found
        await Promise.race([once(child.stdout!, 'data'), ended.then(() => Promise.reject(new Error(`it ended: ${said.out}${said.err}`)))])
      }
    },
    async stop(signal) {
      if (detached) process.kill(-child.pid!, signal)
      else child.kill(signal)
      return (await ended)[0]
    },
  }
}

async function ended(running: Running): Promise<Ended> {
  const [status] = await running.ended
  return { status, stdout: running.said.out, stderr: running.said.err }
}

const ask = (base: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${base}/chat/completions`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ model: 'gpt-5-mini', messages: [] }) })

describe('until Ctrl-C', () => {
  test('says what to set, groups what is asked, and says a line for each run at the end', async () => {
    const server = await provider()
    const running = start(['proxy', '--port', '0', '--to', `${server.url}/v1`, '--to', 'groq=https://api.groq.com/openai/v1'])
    const [text, base] = await running.until(/^[^]*OPENAI_BASE_URL=(\S+)[^]*GROQ\S+.*\n\n/)
    expect(text!.replaceAll(/127\.0\.0\.1:\d+/g, 'HERE')).toBe(`Proxy on http://HERE, recording to .spanwise; Ctrl-C stops it. For your programs:

  OPENAI_BASE_URL=http://HERE/openai/v1       (http://HERE)
  ANTHROPIC_BASE_URL=http://HERE/anthropic    (https://api.anthropic.com)
  GOOGLE_GEMINI_BASE_URL=http://HERE/google   (https://generativelanguage.googleapis.com)
  GROQ_BASE_URL=http://HERE/groq/openai/v1    (https://api.groq.com)

`)
    await ask(base!)
    await ask(base!, { 'spanwise-run': 'nightly' })
    await ask(base!)
    expect(await running.stop('SIGINT')).toBe(0)
    const lines = running.said.out.slice(text!.length).trim().split('\n').sort((a, b) => (a.slice(-9) < b.slice(-9) ? -1 : 1))
    expect(lines).toEqual([
      expect.stringMatching(/^[0-9a-f]{8} {2}\S+Z .* 1 LLM call, 0 tool calls, 10 in, 2 out, \$\S+, ok, nightly$/),
      expect.stringMatching(/^[0-9a-f]{8} {2}\S+Z .* 2 LLM calls, 0 tool calls, 20 in, 4 out, \$\S+, ok, proxy$/),
    ])
    expect(running.said.err).toBe('spanwise: recorded 2 runs in .spanwise; spanwise show prints the newest, spanwise list all\n')
    checkAll(recordedIn(built.cwd))
    expect(built.say(['show', lines[1]!.slice(0, 8)]).stdout).toContain('gpt-5-mini')
  })

  test('as JSON lines; nothing asked; what is under way is ended', async () => {
    const server = await upstream((request) => void request.resume())
    const running = start(['proxy', '--port', '0', '--json', '--to', `${server.url}/v1`])
    await running.until(/\n/)
    const told = JSON.parse(running.said.out) as { format: string; upstreams: { name: string; url: string; to: string; variables: string[] }[] }
    expect(told).toMatchObject({ format: 'spanwise-proxy', version: 1, folder: join(built.cwd, '.spanwise') })
    expect(told.upstreams[0]).toEqual({ name: 'openai', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/openai\/v1$/), to: `${server.url}/v1`, variables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] })
    const asking = ask(told.upstreams[0]!.url).catch((error: unknown) => error)
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await running.stop('SIGTERM')).toBe(0)
    expect(await asking).toBeInstanceOf(Error)
    expect(JSON.parse(running.said.out.split('\n')[1]!)).toMatchObject({ format: 'spanwise-proxy-run', name: 'proxy', llmCalls: 1, outcome: 'ok' })
    const quiet = start(['proxy', '--port', '0'])
    await quiet.until(/Ctrl-C/)
    expect(await quiet.stop('SIGINT')).toBe(0)
    expect(quiet.said.err).toMatch(/^spanwise: nothing was recorded: no call of a model came through the proxy/)
  })

  test('a port that is taken, and an upstream that is the proxy itself', async () => {
    const server = await provider()
    const desk = new Desk()
    expect(await desk.say(['proxy', '--port', String(server.port)])).toMatchObject({ code: 2, err: expect.stringContaining(`port ${server.port} is taken by another program`) })
    await server.close()
    expect(await desk.say(['proxy', '--port', String(server.port), '--to', `http://localhost:${server.port}/v1`])).toMatchObject({ code: 2, err: expect.stringContaining('is the proxy itself') })
    desk.remove()
  })

  test('without a port: the usual one, or the next that is free, and a word about it', async () => {
    const [first, second] = [start(['proxy']), start(['proxy'])]
    const ports: number[] = []
    for (const running of [first, second]) ports.push(Number((await running.until(/^Proxy on http:\/\/127\.0\.0\.1:(\d+)/))[1]))
    expect(ports[0]).not.toBe(ports[1])
    for (const [i, running] of [first, second].entries()) {
      expect(ports[i]! >= 4320 && ports[i]! < 4340).toBe(true)
      expect(await running.stop('SIGTERM')).toBe(0)
      expect(/port 4320 is taken by another program/.test(running.said.err)).toBe(ports[i] !== 4320)
    }
  })

  test('the idle time that is asked for ends a run', async () => {
    const server = await provider()
    const running = start(['proxy', '--port', '0', '--idle', '1', '--to', `${server.url}/v1`])
    const [, base] = await running.until(/OPENAI_BASE_URL=(\S+)[^]*\n\n/)
    await ask(base!)
    await running.until(/1 LLM call, /)
    expect(await running.stop('SIGINT')).toBe(0)
  })
})

describe('a program, with the package really installed', () => {
  test('Ctrl-C for both: the program ends, and the report is printed', async () => {
    const server = await upstream((request) => void request.resume())
    const running = start(['proxy', '--to', `${server.url}/v1`, '--', process.execPath, 'slow.js'], {}, true)
    await running.until(/ready/)
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await running.stop('SIGINT')).toBe(130)
    expect(running.said.err).toMatch(/slow\.js[^]*spanwise: recorded in [^]*the program ended with exit code 130\n$/)
  })

  test('a proxy and a program of its own at once', async () => {
    const server = await provider()
    const both = () => start(['proxy', '--to', `${server.url}/v1`, '--', process.execPath, 'agent.js', '0'])
    const [one, other] = [both(), both()]
    for (const running of [one, other]) expect((await ended(running)).stderr).toMatch(/agent\.js [^]* 2 LLM calls\s/)
  })
})

describe.runIf(has('openssl'))('a provider behind TLS', () => {
  test('is asked by its own name, and has to prove it', async () => {
    const { status, stderr } = built.bash('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem')
    expect({ status, stderr }).toMatchObject({ status: 0 })
    const hosts: unknown[] = []
    const server = createServer({ key: built.read('key.pem'), cert: built.read('cert.pem') }, (request, response) => {
      hosts.push([request.headers.host, (request.socket as TLSSocket).servername])
      request.resume()
      request.on('end', () => response.writeHead(200, { 'Content-Type': 'application/json' }).end(ANSWER))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = `localhost:${(server.address() as AddressInfo).port}`
    const words = ['proxy', '--to', `https://${host}/v1`, '--', process.execPath, 'agent.js', '0']
    expect((await ended(start(words, { NODE_EXTRA_CA_CERTS: join(built.cwd, 'cert.pem') }))).stderr).toMatch(/agent\.js [^]* 2 LLM calls\s/)
    expect(hosts).toEqual([[host, 'localhost'], [host, 'localhost']])
    // Nobody vouches for it.
    expect((await ended(start(words))).stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(hosts).toHaveLength(2)
    server.close()
    server.closeAllConnections()
  })
})

describe.runIf(has('python3'))('the example', () => {
  test('an agent in Python that knows nothing of it', async () => {
    const source = readFileSync(`${root}examples/proxy-client.py`, 'utf8')
    expect(source.trim().split('\n').length).toBeLessThan(40)
    const script = supportAgentScript()['POST /v1/chat/completions']!.filter(({ name }) => name.startsWith('openai-weather'))
    const replay = await startReplayServer({ 'POST /v1/chat/completions': script }, 0)
    built.write('proxy-client.py', source)
    const { status, stdout, stderr } = await ended(start(['proxy', '--to', `${replay.url}/v1`, '--', 'python3', 'proxy-client.py'], { OPENAI_API_KEY: 'sk-none' }))
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Seattle is 50 degrees and raining') })
    expect(stderr).toMatch(/proxy-client\.py [^]* 2 LLM calls\s[^]*gpt-4o-mini[^]*spanwise: recorded in /)
    expect(replay.unplayed()).toEqual([])
    await replay.close()
  })
})
