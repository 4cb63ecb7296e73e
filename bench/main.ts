import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { agent } from './cases/agent.ts'
import { analyze } from './cases/analyze.ts'
import { calls } from './cases/calls.ts'
import { command } from './cases/command.ts'
import { http } from './cases/http.ts'
import { off } from './cases/off.ts'
import { page } from './cases/page.ts'
import { receiver } from './cases/receiver.ts'
import { runFile } from './cases/run-file.ts'
import { spans } from './cases/spans.ts'
import { startup } from './cases/startup.ts'
import { tokens } from './cases/count.ts'
import type { Case } from './harness.ts'
import { machine, measuredOn, resultsFile, table, verdict, type Measured } from './results.ts'

const cases: readonly Case[] = [spans, calls, off, startup, agent, tokens, analyze, command, runFile, page, receiver, http]

const USAGE = `npm run bench [-- --only <name> --write]
  --only <name>   one of ${cases.map(({ name }) => name).join(', ')}; may be given several times
  --write         keep the tables in bench/RESULTS.md; with --only, its other sections stay as they are`

async function main(): Promise<void> {
  const [first, name, ...args] = process.argv.slice(2)
  if (first === '--child') return inThisProcess(name, args)
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, write: { type: 'boolean' } } })
  const unknown = values.only?.find((wanted) => !cases.some((bench) => bench.name === wanted))
  if (unknown !== undefined) throw new TypeError(`there is no figure named ${JSON.stringify(unknown)}\n${USAGE}`)
  await measureAll(cases.filter((bench) => values.only?.includes(bench.name) ?? true), values.write === true)
}

async function inThisProcess(name: string | undefined, args: readonly string[]): Promise<void> {
  const child = cases.find((bench) => bench.name === name)?.child
  if (child === undefined) throw new TypeError(`no case ${name} runs in a process of its own`)
  process.stdout.write(JSON.stringify(await child(args)))
}

async function measureAll(chosen: readonly Case[], write: boolean): Promise<void> {
  console.log(`${machine()}\n`)
  const measured: Measured[] = []
  for (const bench of chosen) {
    const done: Measured = { bench, figures: await bench.measure() }
    measured.push(done)
    console.log(`${table(done)}\n`)
  }
  if (write) {
    // From dist/bench back to the sources.
    const file = new URL('../../bench/RESULTS.md', import.meta.url)
    const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const now = measuredOn(new Date().toISOString().slice(0, 10), machine())
    writeFileSync(file, resultsFile(before, measured, cases.map(({ title }) => title), now))
    console.log('written to bench/RESULTS.md')
  }
  const over = measured.flatMap(({ figures }) => figures).filter((row) => verdict(row) === 'OVER')
  if (over.length === 0) return
  console.log(`over the limit: ${over.length}. Timings are noisy: measure again on a machine that does nothing else.`)
  process.exitCode = 1
}

await main()
