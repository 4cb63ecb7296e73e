import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { renderCheckMarkdown } from '../../../reports/many-runs/check-markdown.ts'
import { renderCheckText } from '../../../reports/many-runs/check-text.ts'
import { analyze } from '../../analyze/index.ts'
import { isCondition, readBudget, type Budget } from '../../analyze/many-runs/budget.ts'
import { checkBudget } from '../../analyze/many-runs/check.ts'
import { Complaint, EXIT, type Command, type Input, type Io } from '../command.ts'
import { analysisOptions } from '../config.ts'
import { kindOf } from '../files.ts'
import { load, recordedRuns, tellProblems } from '../load.ts'
import { printResult, resultFormat, resultHelp, resultOptions } from '../many-runs.ts'
import { didYouMean } from '../nearest.ts'

const BUDGET_FILE = 'spanwise.budget.json'

export const check: Command = {
  help: `Holds runs against a budget: p95 of duration, cost, tokens, share of the context
window, calls, single operations, and findings that no run may have. Exit code 1
with each reason when they do not stay within it. What is unknown is not within
a limit: a call without a price is not free. Without a name: all runs recorded
here.

Options
      --budget <file>   the budget (default ${BUDGET_FILE});
                        docs/budgets.md describes it
      --fail-on <codes> findings that no run may have (PAR001,RETRY001), any
                        finding (any), or failed runs (failed); enough without
                        a budget file
      --last            the newest session of a coding agent
${resultHelp}

Examples
  spanwise check runs/ --budget ${BUDGET_FILE}
  spanwise check runs/ --fail-on PAR001,failed
  spanwise check -f markdown > budget.md      for a pull request

A budget
  { "durationMs": 8000, "costUsd": { "p50": 0.02, "max": 0.1 },
    "contextShare": 0.8, "failOn": ["PAR001"] }`,
  options: {
    budget: { type: 'string', values: 'files' },
    'fail-on': { type: 'string' },
    last: { type: 'boolean' },
    ...resultOptions,
    help: { type: 'boolean', short: 'h' },
  },
  async run(input, io) {
    resultFormat(input)
    const budget = await budgetOf(input, io)
    const all = input.names.length === 0 && !input.flag('last')
    const recorded = all ? await recordedRuns(io) : undefined
    const loaded = recorded !== undefined && recorded.runs.length > 0 ? recorded : await load(input.names, io, { lastSession: input.flag('last') })
    const isBad = tellProblems(loaded, io)
    if (loaded.runs.length === 0) {
      if (!isBad) io.err('spanwise: there is no run in it\n')
      return EXIT.bad
    }
    const result = checkBudget(loaded.runs.map(({ trace }) => analyze(trace, analysisOptions(io))), budget, didYouMean)
    printResult('check', result, { text: renderCheckText, markdown: renderCheckMarkdown }, input, io)
    // What was written to a file or a summary is told to whoever reads the log.
    if (resultFormat(input) !== 'text') for (const reason of result.reasons) io.err(`spanwise: ${reason}\n`)
    if (isBad) return EXIT.bad
    return result.ok ? EXIT.ok : EXIT.found
  },
}

/** The file and the option together. @throws Complaint when there is neither, or it is not as it should be */
async function budgetOf(input: Input, io: Io): Promise<Budget> {
  const codes = input.text('fail-on')?.split(',').map((code) => code.trim()).filter((code) => code !== '')
  const wrong = codes?.find((code) => !isCondition(code))
  if (wrong !== undefined) throw new Complaint(`--fail-on takes codes of findings such as PAR001, any, or failed; got ${wrong}`)
  const named = input.text('budget')
  const isThere = (await kindOf(resolve(io.cwd, BUDGET_FILE))) === 'file'
  if (named === undefined && !isThere) {
    if (codes !== undefined && codes.length > 0) return { failOn: codes }
    throw new Complaint(`check against what? there is no ${BUDGET_FILE} here`, '--budget <file> names one, --fail-on PAR001 does without',
      '{ "durationMs": 8000, "costUsd": 0.05, "tokens": 20000, "failOn": ["PAR001"] } is a budget')
  }
  const budget = await readFileBudget(named ?? BUDGET_FILE, io)
  return codes === undefined ? budget : { ...budget, failOn: [...new Set([...(budget.failOn ?? []), ...codes])] }
}

async function readFileBudget(file: string, io: Io): Promise<Budget> {
  const read = readBudget(await readJson(file, io), didYouMean)
  if ('budget' in read) return read.budget
  const [first, ...rest] = read.problems
  throw new Complaint(`${file}: ${first!}`, ...rest)
}

async function readJson(file: string, io: Io): Promise<unknown> {
  let text: string
  try {
    text = await readFile(resolve(io.cwd, file), 'utf8')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Complaint(`${file}: ${isMissing ? 'no such file' : 'cannot be read'}`)
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Complaint(`${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
