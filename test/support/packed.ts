import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { decodeTrace, type Trace } from 'spanwise'
import { root } from './source.ts'

/** The package as it is published, for tests of programs that load it by themselves. */
export interface Packed {
  /** `--require` of this is what `spanwise run` adds. */
  readonly preload: string
  /** A folder with `spanwise` in its node_modules, and with packages of this repository's under the names given. */
  folder(packages?: readonly string[]): Folder
  remove(): void
}

export interface Folder {
  readonly path: string
  write(name: string, text: string): string
  /** Puts a package of this repository's where a name says, such as `node_modules/framework/node_modules/openai`. */
  link(name: string, where: string): void
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  /** @param cwd instead of the folder */
  start(words: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): ChildProcess
  /** What was recorded, oldest first; it is taken away. */
  takeTraces(dir?: string): readonly Trace[]
}

export interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** @param name of the folder that it lies in */
export function pack(name = 'package'): Packed {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'spanwise-packed-')))
  const packed = join(base, name)
  mkdirSync(packed)
  cpSync(`${root}package.json`, join(packed, 'package.json'))
  cpSync(`${root}examples/demo-run.jsonl`, join(packed, 'examples/demo-run.jsonl'))
  const { status, stderr } = spawnSync(process.execPath, ['bundle.js', join(packed, 'dist')], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the package cannot be built: ${stderr}`)
  for (const name of ['@pydantic/genai-prices', 'js-tiktoken', 'p-limit']) place(`${root}node_modules/${name}`, join(packed, 'node_modules', name))
  let count = 0
  return {
    preload: join(packed, 'dist/src/register/preload.cjs'),
    folder: (packages = []) => makeFolder(join(base, `app ${++count}`), packed, packages),
    remove: () => rmSync(base, { recursive: true }),
  }
}

function place(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}

/** Nothing of what this test runs under. */
const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: tmpdir(), LANG: 'C.UTF-8', NO_COLOR: '1', ...env,
}) as NodeJS.ProcessEnv

function makeFolder(path: string, packed: string, packages: readonly string[]): Folder {
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{ "name": "app", "private": true }')
  place(packed, join(path, 'node_modules/spanwise'))
  for (const name of packages) place(`${root}node_modules/${name}`, join(path, 'node_modules', name))
  const start: Folder['start'] = (words, env = {}, cwd = path) => {
    const [program, ...rest] = words
    return spawn(program === 'node' ? process.execPath : program!, rest, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  }
  return {
    path, start,
    write(name, text) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    },
    link: (name, where) => place(`${root}node_modules/${name}`, join(path, where)),
    run: (words, env) => ended(start(words, env)),
    takeTraces(dir = '.spanwise') {
      const folder = join(path, dir)
      if (!existsSync(folder)) return []
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name))
      const traces = files.flatMap((file) => decodeTrace(readFileSync(file, 'utf8')).traces)
      rmSync(folder, { recursive: true })
      return traces.sort((a, b) => a.startedAtEpochMs - b.startedAtEpochMs)
    },
  }
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => { out += text })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { err += text })
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { status, out, err }
}

/** Answers whatever OpenAI, Anthropic and Google are asked. */
export interface AnyProvider {
  readonly url: string
  close(): Promise<void>
}

export async function startAnyProvider(): Promise<AnyProvider> {
  let count = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answerTo(request.url ?? '', ++count)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

function answerTo(path: string, n: number): object {
  if (path.includes('/messages')) {
    return {
      id: `msg_${n}`, type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 5, output_tokens: 2 },
    }
  }
  if (path.includes(':generateContent')) {
    return {
      candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP' }], modelVersion: 'gemini-2.5-flash', responseId: `r_${n}`,
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
    }
  }
  return {
    id: `chatcmpl-${n}`, object: 'chat.completion', created: 1, model: 'gpt-4o-mini', usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi', refusal: null } }],
  }
}
