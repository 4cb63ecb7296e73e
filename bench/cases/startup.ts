import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, least, type Case, type Figure } from '../harness.ts'

const ROUNDS = 21
const WARMUP = 2

// The last thing that each of them does is to say what it has cost so far, so that both pay for saying it.
const TELL = `import { writeSync } from 'node:fs'
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  writeSync(1, String(user + system))
})
`

const scripts = {
  empty: '',
  openai: `import ${url('spanwise')}\nimport ${url('spanwise/openai')}\n`,
  anthropic: `import ${url('spanwise')}\nimport ${url('spanwise/anthropic')}\n`,
}
type Script = keyof typeof scripts

function url(name: string): string {
  return JSON.stringify(import.meta.resolve(name))
}

interface Start {
  readonly cpu: number
  readonly wall: number
}

function start(file: string): Start {
  const before = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  const wall = performance.now() - before
  if (status !== 0) throw new Error(`bench: ${file} ended with ${status}\n${stderr}`)
  return { cpu: Number(stdout) / 1_000, wall }
}

function measure(): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), 'spanwise-bench-'))
  const names = Object.keys(scripts) as Script[]
  const starts: Record<Script, Start[]> = { empty: [], openai: [], anthropic: [] }
  try {
    for (const name of names) writeFileSync(join(folder, `${name}.mjs`), TELL + scripts[name])
    for (let round = -WARMUP; round < ROUNDS; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(turn + round + WARMUP) % names.length]!
        const measured = start(join(folder, `${name}.mjs`))
        if (round >= 0) starts[name].push(measured)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return [
    ...(['cpu', 'wall'] as const).map((kind): Figure => {
      const values = starts.empty.map((one) => one[kind])
      return { what: `an empty Node process, ${says[kind]}`, unit: 'ms', median: median(values), min: least(values) }
    }),
    ...(['openai', 'anthropic'] as const).flatMap((name) => (['cpu', 'wall'] as const).map((kind): Figure => {
      const empty = starts.empty.map((one) => one[kind])
      const full = starts[name].map((one) => one[kind])
      return {
        what: `with spanwise and spanwise/${name}, ${says[kind]}`,
        unit: '% more',
        median: (median(full) / median(empty) - 1) * 100,
        min: (least(full) / least(empty) - 1) * 100,
        limit: 25,
      }
    })),
  ]
}

const says = { cpu: 'CPU', wall: 'wall clock' } as const

export const startup: Case = {
  name: 'startup',
  title: 'Start of a process',
  how: `${ROUNDS} starts of each file, in turn: an empty one, and ones that import the package and one adapter and nothing else. `
    + 'CPU is user and system time up to the exit event, wall clock is from spawning to the end.',
  elsewhere: 'imports double the start at best, twelve-fold at worst.',
  measure,
}
