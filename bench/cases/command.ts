import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { least, median, type Case, type Figure } from '../harness.ts'
import { LongRun } from '../long-run.ts'

const SPANS = 1_000_000
const REPORTS = 3
const STARTS = 31
const WARMUP = 3

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

/** Loaded before the command, it says at the end what the process needed at most. */
const TELL = `import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)))
`

interface Run {
  readonly seconds: number
  readonly peakMb: number
}

function report(file: string, folder: string): Run {
  const tell = join(folder, 'tell.mjs')
  const peak = join(folder, 'peak')
  writeFileSync(tell, TELL)
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--import', pathToFileURL(tell).href, main, 'report', file], {
    encoding: 'utf8', maxBuffer: 1e8, env: { ...process.env, PEAK_FILE: peak },
  })
  const seconds = (performance.now() - start) / 1_000
  if (status !== 0) throw new Error(`bench: spanwise report ended with ${status}\n${stderr}`)
  return { seconds, peakMb: Number(readFileSync(peak, 'utf8')) * 1_024 / 1e6 }
}

function startMs(words: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`bench: node ${words.join(' ')} ended with ${status}\n${stderr}`)
  return performance.now() - start
}

/** In turn, so that what disturbs the machine disturbs both alike. */
function starts(): Figure[] {
  const empty: number[] = []
  const help: number[] = []
  for (let round = -WARMUP; round < STARTS; round++) {
    const both = [() => startMs(['-e', '0']), () => startMs([main, '--help'])]
    const order = round % 2 === 0 ? [0, 1] : [1, 0]
    const times = [0, 0]
    for (const which of order) times[which] = both[which]!()
    if (round < 0) continue
    empty.push(times[0]!)
    help.push(times[1]!)
  }
  return [
    { what: 'node -e 0', unit: 'ms', median: median(empty), min: least(empty) },
    { what: 'spanwise --help, in starts of node -e 0', unit: '×', median: median(help) / median(empty), min: least(help) / least(empty), limit: 1.5 },
  ]
}

function measure(): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), 'spanwise-bench-'))
  try {
    const file = join(folder, 'long.jsonl')
    const spans = LongRun.write(file, SPANS)
    const megabytes = Math.round(statSync(file).size / 1e6)
    const runs = Array.from({ length: REPORTS }, () => report(file, folder))
    const seconds = runs.map((run) => run.seconds)
    const peaks = runs.map((run) => run.peakMb)
    return [
      { what: `report on ${spans.toLocaleString('en')} spans`, unit: 's', median: median(seconds), min: least(seconds), limit: 15, note: `a file of ${megabytes} MB` },
      { what: 'its memory at most (RSS)', unit: 'MB', median: median(peaks), min: least(peaks), limit: 2_000 },
      ...starts(),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const command: Case = {
  name: 'command',
  title: 'The command',
  how: `\`spanwise report\` on the run file of a long run, ${REPORTS} times, each in a process of its own, from spawning to the end; a call `
    + `of a model in seven spans, four levels. \`--help\` and an empty process ${STARTS} times in turn: the ratio of the medians.`,
  measure,
}
