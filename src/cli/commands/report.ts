import { analyze } from '../../analyze/index.ts'
import { Complaint, EXIT, helpOption, type Command, type Input, type Io } from '../command.ts'
import { analysisOptions } from '../config.ts'
import { findingCodes } from '../finding-codes.ts'
import { formatNames } from '../formats.ts'
import { load, tellProblems, type Run } from '../load.ts'
import { didYouMean } from '../nearest.ts'
import { checkOutput, outputHelp, outputOptions } from '../output.ts'
import { MAX_REPORTS, printRuns } from '../print-runs.ts'
import { eachOf } from '../steps.ts'

export const report: Command = {
  help: `Takes run files, traces of other tools (known by their content, .gz too),
folders, handles of runs and sessions, and - for standard input; without a name
the newest recorded run. Several are one set of runs: up to ${MAX_REPORTS} are printed one
after another, more as a table.

Options
      --last             the newest session of a coding agent
      --all              the report of each run, however many there are
      --fail-on <codes>  exit code 1 when a run has one of these findings
                         (PAR001,RETRY001), any finding (any) or failed (failed)
${outputHelp}

Formats: ${formatNames.slice(0, 6).join(', ')},
         ${formatNames.slice(6).join(', ')}

Examples
  spanwise report trace.json                   a trace of another tool
  spanwise report 3f2a9c07 --json              one run by its handle, as JSON
  spanwise report --last -o session.md         a session as Markdown
  spanwise report trace.json -o run.html       a page to look at, and to send
  spanwise report runs/ -f speedscope -o out/  one speedscope file per run
  cat trace.json | spanwise report -           from standard input
  spanwise report --fail-on CTX001,failed      in a build`,
  options: {
    ...outputOptions,
    last: { type: 'boolean' },
    all: { type: 'boolean' },
    'fail-on': { type: 'string' },
    ...helpOption,
  },
  async run(input, io) {
    checkOutput(input, io)
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

function conditions(input: Input): readonly string[] {
  const codes = input.text('fail-on')?.split(',').map((code) => code.trim()).filter((code) => code !== '') ?? []
  const known = [...findingCodes, 'any', 'failed']
  const wrong = codes.find((code) => !known.includes(code))
  if (wrong !== undefined) throw new Complaint(`--fail-on knows no ${wrong}${didYouMean(wrong, known)}`, `it takes ${known.join(', ')}`)
  return codes
}

function tellFound(runs: readonly Run[], asked: readonly string[], io: Io): boolean {
  const found = eachOf(runs, 'checking run', io, ({ trace, handle }) => {
    const { findings, observations, run } = analyze(trace, analysisOptions(io))
    const codes = new Set([...findings, ...observations].map(({ code }) => code))
    const met = asked.filter((code) =>
      code === 'any' ? findings.length > 0 : code === 'failed' ? run.outcome.state === 'failed' : codes.has(code))
    return met.length > 0 ? [`run ${handle}: ${met.join(', ')}`] : []
  }).flat()
  for (const line of found) io.err(`spanwise: --fail-on: ${line}\n`)
  return found.length > 0
}
