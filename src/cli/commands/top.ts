import { analyze } from '../../analyze/index.ts'
import { runPercentiles } from '../../analyze/many-runs/figures.ts'
import { EXIT, helpOption, pageOptions, printJson, type Command } from '../command.ts'
import { analysisOptions } from '../config.ts'
import { load, recordedRuns, tellProblems } from '../load.ts'
import { runPercentilesTable } from '../many-runs.ts'
import { operationsOver, operationTable } from '../tables.ts'

const DEFAULT_LIMIT = 20

export const top: Command = {
  help: `Percentiles per operation, those with the most time first, then of whole
runs with 95 % confidence intervals. Without a name over all runs recorded here.

Options
  -n, --limit <n>    the first n operations (default ${DEFAULT_LIMIT}; 0: all)
      --last         the newest session of a coding agent
      --json         as JSON, times in nanoseconds
      --width <n>    columns; also --ascii, --color and --no-color

Examples
  spanwise top
  spanwise top runs/ run.jsonl
  spanwise top 3f2a9c07 81bd04e2 --json`,
  options: {
    limit: { type: 'string', short: 'n' }, last: { type: 'boolean' }, json: { type: 'boolean' }, ...pageOptions, ...helpOption,
  },
  async run(input, io) {
    const limit = input.number('limit', 0) ?? DEFAULT_LIMIT
    const all = input.names.length === 0 && !input.flag('last')
    const recorded = all ? await recordedRuns(io) : undefined
    const loaded = recorded !== undefined && recorded.runs.length > 0 ? recorded : await load(input.names, io, { lastSession: input.flag('last') })
    const isBad = tellProblems(loaded, io)
    const count = loaded.runs.length
    const operations = operationsOver(loaded.runs, limit)
    const totals = runPercentiles(loaded.runs.map(({ trace }) => analyze(trace, analysisOptions(io))))
    if (input.flag('json')) printJson(io, 'top', { runs: count, totals, operations, problems: loaded.problems, skipped: loaded.skipped })
    else if (count > 0) {
      io.out(operationTable(operations, `Operations of ${count} ${count === 1 ? 'run' : 'runs'}`, io))
      if (count > 1) io.out(`\n${runPercentilesTable(totals, io)}`)
    }
    return isBad || count === 0 ? EXIT.bad : EXIT.ok
  },
}
