import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { pagePlugin } from '../../viewer/build.js'
import { root } from './source.ts'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface BuiltCli {
  /** A folder of its own to work in, in which `spanwise` can be imported; its `home` is the home of what is started. */
  readonly cwd: string
  readonly main: string
  /** A line of bash, in which `spanwise` is the command. */
  bash(line: string, env?: Readonly<Record<string, string>>): Ended
  say(words: readonly string[], input?: string): Ended
  start(words: readonly string[], options?: { readonly detached?: boolean; readonly env?: Readonly<Record<string, string>> }): ChildProcess
  write(name: string, content: string | Uint8Array): string
  read(name: string): string
  remove(): void
}

/** The package as it is published, in a folder of its own: the command, the library and what lies beside them. */
export async function buildCli(): Promise<BuiltCli> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'spanwise-built-')))
  const packed = join(base, 'package')
  const bundle = await rolldown({
    input: { main: `${root}src/cli/main.ts`, index: `${root}src/index.ts`, openai: `${root}adapters/openai.ts` },
    external: (id) => !/^[./]|spanwise-(page|guide)$/.test(id) && !id.startsWith(root),
    platform: 'node',
    plugins: [pagePlugin()],
  })
  await bundle.write({ dir: join(packed, 'dist'), format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' })
  const exports = { '.': './dist/index.js', './openai': './dist/openai.js' }
  writeFileSync(join(packed, 'package.json'), JSON.stringify({ name: 'spanwise', version: '0.0.0', type: 'module', exports }))
  cpSync(`${root}examples/demo-run.jsonl`, join(packed, 'examples/demo-run.jsonl'))
  symlinkSync(`${root}node_modules`, join(packed, 'node_modules'), 'junction')

  const cwd = join(base, 'work')
  const bin = join(base, 'bin')
  const main = join(packed, 'dist/main.js')
  mkdirSync(join(cwd, 'node_modules'), { recursive: true })
  mkdirSync(bin)
  symlinkSync(packed, join(cwd, 'node_modules/spanwise'), 'junction')
  writeFileSync(join(bin, 'spanwise'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(join(bin, 'spanwise'), 0o755)
  const env = { PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: join(cwd, 'home'), LANG: 'C.UTF-8' }
  const started = (file: string, words: readonly string[], more: Readonly<Record<string, string>>, input = ''): Ended => {
    const { status, stdout, stderr } = spawnSync(file, words, { cwd, env: { ...env, ...more }, input, encoding: 'utf8', timeout: 20_000 })
    return { status, stdout, stderr }
  }
  return {
    cwd,
    main,
    bash: (line, more = {}) => started('bash', ['-c', line], more),
    say: (words, input) => started(process.execPath, [main, ...words], {}, input),
    start: (words, { detached = false, env: more = {} } = {}) => spawn(process.execPath, [main, ...words], { cwd, env: { ...env, ...more }, detached, stdio: ['pipe', 'pipe', 'pipe'] }),
    write(name, content) {
      const path = join(cwd, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
      return path
    },
    read: (name) => readFileSync(join(cwd, name), 'utf8'),
    remove: () => rmSync(base, { recursive: true }),
  }
}
