import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './source.ts'

/** Applications that are bundled, started and asked over HTTP. */
export interface Bundling {
  /** A copy of `test/fixtures/bundled`, with the packages that it imports beside it and the package under test among them. */
  readonly sources: string
  /** A folder to run in, far from any package but those named. */
  place(name: string, packages?: readonly string[]): string
  /** Runs a program in a folder to its end. @returns what it said @throws the same, when it fails */
  run(folder: string, words: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>
  /** Starts an application in a folder, and waits until it says where it listens. */
  start(folder: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Application>
  /** Ends what was started, and takes all folders away. */
  remove(): Promise<void>
}

export interface Application {
  readonly folder: string
  readonly url: string
  /** What it has said so far. */
  said(): string
}

const PACKAGES = ['@anthropic-ai/sdk', '@pydantic/genai-prices', 'js-tiktoken', 'next', 'openai', 'p-limit', 'react', 'react-dom']

export async function bundling(): Promise<Bundling> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'spanwise-bundled-')))
  const sources = join(base, 'sources')
  const started: ChildProcess[] = []
  const run = async (folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { child, said } = launch(folder, words, env)
    const status = await new Promise((resolve) => child.once('close', resolve))
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${String(status)}:\n${said()}`)
    return said()
  }
  cpSync(`${root}test/fixtures/bundled`, sources, { recursive: true })
  link(sources, PACKAGES)
  const spanwise = join(sources, 'node_modules/spanwise')
  cpSync(`${root}package.json`, join(spanwise, 'package.json'))
  await run(root, ['bundle.js', join(spanwise, 'dist')])
  return {
    sources,
    run,
    place(name, packages = []) {
      const folder = join(base, name)
      mkdirSync(folder)
      link(folder, packages)
      return folder
    },
    async start(folder, words, env) {
      const { child, said } = launch(folder, words, env)
      started.push(child)
      return { folder, said, url: await addressOf(child, said) }
    },
    async remove() {
      await Promise.all(started.map(end))
      rmSync(base, { recursive: true })
    },
  }
}

function link(folder: string, packages: readonly string[]): void {
  for (const name of packages) {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(`${root}node_modules/${name}`, path, 'junction')
  }
}

function launch(cwd: string, words: readonly string[], env: Readonly<Record<string, string>>): { readonly child: ChildProcess; said(): string } {
  // Not what this test runs under: Next.js builds for the mode that NODE_ENV names.
  const { SPANWISE: _on, SPANWISE_SAMPLE_RATE: _rate, SPANWISE_DIR: _dir, SPANWISE_BUFFER_SIZE: _size, NODE_ENV: _mode, ...inherited } = process.env
  const child = spawn(process.execPath, words, {
    cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited, NEXT_TELEMETRY_DISABLED: '1', ...env } as NodeJS.ProcessEnv,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more: string) => { text += more })
  return { child, said: () => text }
}

function addressOf(child: ChildProcess, said: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', () => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said())
      if (found !== null) resolve(found[0])
    })
    child.once('close', () => reject(new Error(`the application ended:\n${said()}`)))
  })
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('close', () => resolve())
    child.kill()
  })
}
