import { analyze } from '../../analyze/index.ts'
import { Complaint, EXIT, type Command, type Input, type Io } from '../command.ts'
import { formatNames } from '../formats.ts'
import { load, tellProblems, type Run } from '../load.ts'
import { outputHelp, outputOptions, writeRuns } from '../output.ts'
import { note, operationsOver, operationTable, rowsOf, runTable } from '../tables.ts'

/** More runs than these get a table instead of a report each, unless a format is asked for. */
const MAX_REPORTS = 3
const MAX_OPERATIONS = 20

export const report: Command = {
  help: `Takes run files, traces of other tools (recognised by their content, .gz too), folders, handles of runs and
sessions, and - for standard input; without a name the newest recorded run. Several are one set of runs:
up to ${MAX_REPORTS} are printed one after another, more as a table; json gives a list.

Options
      --last            the newest session of a coding agent (spanwise sessions)
      --all             the report of each run, however many there are
      --fail-on <codes> exit code 1 when a run has one of these findings (PAR001,RETRY001), any finding (any)
                        or has failed (failed)
${outputHelp}

Formats: ${formatNames.join(', ')}

Examples
  spanwise report                             the newest run recorded here
  spanwise report trace.json                  a trace of another tool
  spanwise report 3f2a9c07 --json             one run by its handle, as JSON
  spanwise report --last -o session.md        the newest coding-agent session as Markdown
  spanwise report runs/ -f speedscope -o out/ one speedscope file per run
  curl -s $URL | spanwise report -            from standard input
  spanwise report --fail-on PAR001,failed     in a build: exit code 1 when it applies`,
  options: {
    ...outputOptions,
    last: { type: 'boolean' },
    all: { type: 'boolean' },
    'fail-on': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
  async run(input, io) {
    const asked = conditions(input)
    const loaded = await load(input.names, io, { lastSession: input.flag('last') })
    const isBad = tellProblems(loaded, io)
    if (loaded.runs.length === 0) {
      if (!isBad) io.err('spanwise: there is no run in it\n')
      return EXIT.bad
    }
    await printRuns(loaded.runs, input, io)
    if (isBad) return EXIT.bad
    return asked.length > 0 && tellFound(loaded.runs, asked, io) ? EXIT.found : EXIT.ok
  },
}

async function printRuns(runs: readonly Run[], input: Input, io: Io): Promise<void> {
  const isPlain = !['format', 'output'].some((option) => input.text(option) !== undefined) && !input.flag('json') && !input.flag('all')
  if (isPlain && runs.length > MAX_REPORTS) {
    io.out(`${runTable(rowsOf(runs), io)}\n${operationTable(operationsOver(runs, MAX_OPERATIONS), `Operations of ${runs.length} runs`, io)}`)
    io.out(`\n${note('--all prints the report of each', io)}`)
    return
  }
  const files = await writeRuns(runs, input, io)
  for (const file of files) io.err(`spanwise: wrote ${file}\n`)
}

function conditions(input: Input): readonly string[] {
  const codes = input.text('fail-on')?.split(',').map((code) => code.trim()).filter((code) => code !== '') ?? []
  const wrong = codes.find((code) => !/^([A-Z]{2,8}\d{3}|any|failed)$/.test(code))
  if (wrong !== undefined) throw new Complaint(`--fail-on takes codes of findings such as PAR001, any, or failed; got ${wrong}`)
  return codes
}

function tellFound(runs: readonly Run[], asked: readonly string[], io: Io): boolean {
  const found = runs.flatMap(({ trace, handle }) => {
    const { findings, observations, run } = analyze(trace)
    const codes = new Set([...findings, ...observations].map(({ code }) => code))
    const met = asked.filter((code) =>
      code === 'any' ? findings.length > 0 : code === 'failed' ? run.outcome.state === 'failed' : codes.has(code))
    return met.length > 0 ? [`run ${handle}: ${met.join(', ')}`] : []
  })
  for (const line of found) io.err(`spanwise: --fail-on: ${line}\n`)
  return found.length > 0
}
