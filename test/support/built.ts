import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './source.ts'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface Built {
  /** Runs a script in a process of its own, in which `spanwise` and `spanwise/openai` can be imported; `first` runs before it. */
  run(script: string, env?: Readonly<Record<string, string>>, first?: string): Ended
  remove(): void
}

/** The package in a folder of its own, for tests that need a whole process. */
export async function build(): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), 'spanwise-test-'))
  const bundle = await rolldown({
    input: { spanwise: `${root}src/index.ts`, openai: `${root}adapters/openai.ts` },
    external: (id) => !/^[./]/.test(id) && !id.startsWith(root),
    platform: 'node',
  })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
  // A package may import itself by its name.
  const exports = { '.': './spanwise.mjs', './openai': './openai.mjs' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'spanwise', exports }))
  symlinkSync(`${root}node_modules`, join(folder, 'node_modules'), 'junction')
  return {
    run(script, env = {}, first = '') {
      writeFileSync(join(folder, 'script.mjs'), script)
      writeFileSync(join(folder, 'first.mjs'), first)
      const { SPANWISE: _on, SPANWISE_SAMPLE_RATE: _rate, SPANWISE_DIR: _dir, SPANWISE_BUFFER_SIZE: _size, ...inherited } = process.env
      const before = performance.now()
      const options = { cwd: folder, encoding: 'utf8', env: { ...inherited, ...env }, timeout: 10_000 } as const
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', './first.mjs', 'script.mjs'], options)
      return { status, stdout, stderr, ms: performance.now() - before }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
