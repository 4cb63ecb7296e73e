import { rmdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { Complaint, helpOption, jsonKind, type Command, type Env, type Input, type Io } from '../command.ts'
import { load, runFolder, shortPath, tellProblems } from '../load.ts'
import { checkOutput, outputHelp, outputOptions } from '../output.ts'
import { packagePath } from '../package-file.ts'
import { printRuns } from '../print-runs.ts'
import { runProgram, type Ended } from '../program.ts'
import { freshFolder, gather } from '../run-folder.ts'

export const run: Command = {
  startsProgram: true,
  help: `What the program records is kept in ./.spanwise (or SPANWISE_DIR), and its
report goes to standard error at the end, also when the program fails or is
stopped with Ctrl-C: its own output can be piped. Recorded are the clients of
OpenAI, Anthropic and Google that a Node program makes, and all of LangChain.js
and the AI SDK 7, without any change to it, and what it wraps itself. Its calls
outside profiler.run are one run, of its name. For a program in another
language: spanwise proxy.

With --json or --format the report goes to standard output, alone: what the
program prints there goes to standard error. The exit code is the program's.

Options (before the program)
      --no-report        only record
      --all              the report of each run, however many there are
      --no-register      record only what the program wraps itself
${outputHelp}

Examples
  spanwise run -- node agent.js "a question"
  spanwise run -o report.md -- npm test             the report as Markdown
  spanwise run --json -- node agent.js > run.json   for a script
  spanwise run --no-report -- node agent.js         for spanwise show, later`,
  options: { ...outputOptions, 'no-report': { type: 'boolean' }, all: { type: 'boolean' }, 'no-register': { type: 'boolean' }, ...helpOption },
  async run(input, io) {
    const [program, ...words] = input.program
    if (program === undefined) throw new Complaint('run what?', 'spanwise run -- node agent.js')
    checkOutput(input, io)
    const folder = await freshFolder(io)
    const env = { ...io.env, SPANWISE_DIR: folder, ...(!input.flag('no-register') && registering(io)) }
    try {
      const ended = await runProgram({ program, words, env, cwd: io.cwd, isQuiet: isOurs(input) })
      await printRecorded(folder, ended, input, io, whyNothing(input, io))
      return ended.code
    } finally {
      // Only when it is empty.
      await rmdir(folder).catch(() => {})
    }
  },
}

/** Whether standard output is for the report. */
export const isOurs = (input: Input): boolean =>
  !input.flag('no-report') && input.text('output') === undefined && (input.flag('json') || input.text('format') !== undefined)

/**
 * The report never changes how the program ended: what goes wrong with it is only told.
 * @param why nothing may have been recorded
 */
export async function printRecorded(folder: string, ended: Ended, input: Input, io: Io, why: string): Promise<void> {
  try {
    const files = await gather(folder, io)
    if (files.length === 0) return tellNothing(ended, input, io, why)
    const loaded = await load(files, io)
    tellProblems(loaded, io)
    const { runs } = loaded
    if (!input.flag('no-report')) {
      if (!isOurs(input) && input.text('output') === undefined) io.err('\n')
      await printRuns(runs, input, isOurs(input) ? io : onErrors(io))
    }
    const what = runs.length === 1 ? '' : `${runs.length} runs `
    const again = runs.length === 1 ? `spanwise show ${runs[0]!.handle} prints it again` : 'spanwise list shows them'
    io.err(`\nspanwise: recorded ${what}in ${shortPath(runFolder(io), io)}; ${again}${endedText(ended)}\n`)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    io.err([`spanwise: ${error.message}\n`, ...error.hints.map((hint) => `  ${hint}\n`)].join(''))
  }
}

const onErrors = (io: Io): Io => ({
  ...io,
  terminal: io.errorTerminal,
  out: (text) => io.err(typeof text === 'string' ? text : Buffer.from(text).toString()),
})

function endedText({ code, signal }: Ended): string {
  if (signal !== undefined) return `\nspanwise: the program was ended by ${signal}`
  return code === 0 ? '' : `\nspanwise: the program ended with exit code ${code}`
}

function tellNothing(ended: Ended, input: Input, io: Io, why: string): void {
  // Who reads JSON gets JSON.
  if (isOurs(input) && input.flag('json')) io.out(`${JSON.stringify({ ...jsonKind('analyses'), runs: [] }, null, 2)}\n`)
  io.err(`spanwise: the program recorded nothing${why}${endedText(ended)}\n`)
}

export const isOff = (value: string | undefined): boolean => /^(0|false|off|no)$/i.test(value?.trim() ?? '')

/** The variable that has each Node process of the program record itself, behind what the user says in it. */
function registering({ env }: Io): Env {
  const preload = isOff(env['SPANWISE']) ? undefined : packagePath('dist/src/register/preload.cjs')
  if (preload === undefined) return {}
  const quoted = `"${preload.replaceAll(/["\\]/g, '\\$&')}"`
  return { NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --require ${quoted}`.trim() }
}

/** Programs that are none of Node's, as far as their names tell. */
const OF_OTHERS = /^(python[\d.]*|pypy\d*|uv|poetry|ruby|bundle|php|java|go|cargo|dotnet|deno|bun|bunx)(\.exe)?$/

function whyNothing({ program, flag }: Input, { env }: Io): string {
  if (isOff(env['SPANWISE'])) return `: SPANWISE=${env['SPANWISE']} is set, which switches the profiler off`
  const rate = env['SPANWISE_SAMPLE_RATE']
  if (rate !== undefined && Number(rate || Number.NaN) < 1) return `: SPANWISE_SAMPLE_RATE=${rate} is set, so not every run is recorded`
  if (OF_OTHERS.test(basename(program[0] ?? ''))) return `\n  A program that is none of Node's is recorded by what it asks:\n\n    spanwise proxy -- ${program.join(' ')}\n`
  const seen = flag('no-register') ? 'It has to wrap what should be seen:' : `Clients of OpenAI, Anthropic and Google, LangChain and the AI SDK 7 are recorded
  where they come from node_modules. Others, and all in a bundle, it has to wrap:`
  return `
  ${seen}

    import { wrapOpenAI } from 'spanwise/openai'  // one for each client and framework
    const openai = wrapOpenAI(new OpenAI())

  profiler.run, profiler.tool and profiler.span record functions of yours.
`
}
