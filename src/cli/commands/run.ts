import { spawn } from 'node:child_process'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Complaint, type Command, type Input, type Io } from '../command.ts'
import { load, runFolder, shortPath, tellProblems } from '../load.ts'
import { outputHelp, outputOptions, writeRuns } from '../output.ts'

export const run: Command = {
  startsProgram: true,
  help: `Runs the program with SPANWISE_DIR set to a fresh folder below ./.spanwise, and prints the report of what it recorded
to standard error, so that the program's own output can be piped. The exit code is the program's. What is recorded
is what the program wraps: import { wrapOpenAI } from 'spanwise/openai', wrapAnthropic, profiler.tool, profiler.run.

Options (before the program)
      --no-report       only record
${outputHelp}

Examples
  spanwise run -- node agent.js "a question"
  spanwise run -o report.md -- npm start
  spanwise run --json -- node agent.js 2> report.json`,
  options: { ...outputOptions, 'no-report': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  async run(input, io) {
    const [program, ...words] = input.program
    if (program === undefined) throw new Complaint('run what?', 'spanwise run -- node agent.js')
    const folder = await freshFolder(io)
    const code = await finished(program, words, { ...io.env, SPANWISE_DIR: folder }, io.cwd)
    if (!input.flag('no-report')) await printRecorded(folder, input, io)
    return code
  },
}

/** Named by the time; a number is added when the second is taken. */
async function freshFolder(io: Io): Promise<string> {
  const time = new Date(io.nowEpochMs()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')
  const parent = runFolder(io)
  await mkdir(parent, { recursive: true }).catch((error: unknown) => {
    throw new Complaint(`${shortPath(parent, io)} cannot be made: ${error instanceof Error ? error.message : String(error)}`)
  })
  for (let i = 1; ; i++) {
    const folder = join(parent, i === 1 ? time : `${time}-${i}`)
    try {
      await mkdir(folder)
      return folder
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

const FORWARDED = ['SIGTERM', 'SIGHUP'] as const
const IGNORED = ['SIGINT', 'SIGQUIT'] as const

/** @returns the exit code, as a shell gives it when a signal ended the program */
async function finished(program: string, words: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<number> {
  const child = spawn(program, words, { stdio: 'inherit', env, cwd })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  // The terminal sends these to the program as well; we stay to print the report.
  const ignore = (): void => {}
  for (const signal of FORWARDED) process.on(signal, forward)
  for (const signal of IGNORED) process.on(signal, ignore)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(program, error)))
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
    })
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
    for (const signal of IGNORED) process.off(signal, ignore)
  }
}

function notStarted(program: string, error: NodeJS.ErrnoException): Complaint {
  if (error.code === 'ENOENT') return new Complaint(`${program}: there is no such program`, 'a script needs its runtime: spanwise run -- node agent.js')
  return new Complaint(`${program} cannot be started: ${error.message}`)
}

/** The report never changes how the program ended: what goes wrong with it is only told. */
async function printRecorded(folder: string, input: Input, io: Io): Promise<void> {
  const toErrors: Io = { ...io, terminal: io.errorTerminal, out: (text) => io.err(typeof text === 'string' ? text : '') }
  if ((await readdir(folder)).length === 0) {
    await rmdir(folder)
    io.err(`spanwise: the program recorded nothing.
  It has to wrap what should be seen, and SPANWISE=0 must not be set:
    import { wrapOpenAI } from 'spanwise/openai'
    const openai = wrapOpenAI(new OpenAI())\n`)
    return
  }
  try {
    const loaded = await load([folder], io)
    tellProblems(loaded, io)
    io.err('\n')
    for (const file of await writeRuns(loaded.runs, input, toErrors)) io.err(`spanwise: wrote ${file}\n`)
    io.err(`\nspanwise: recorded in ${shortPath(folder, io)}; spanwise show ${loaded.runs[0]?.handle ?? ''} prints it again\n`)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    io.err(`spanwise: ${error.message}\n`)
  }
}
