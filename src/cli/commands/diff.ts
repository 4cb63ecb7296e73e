import { renderDiffMarkdown } from '../../../reports/many-runs/diff-markdown.ts'
import { renderDiffText } from '../../../reports/many-runs/diff-text.ts'
import { analyze } from '../../analyze/index.ts'
import { diffRuns } from '../../analyze/many-runs/diff.ts'
import { Complaint, EXIT, type Command } from '../command.ts'
import { analysisOptions } from '../config.ts'
import { tellProblems } from '../load.ts'
import { loadSet, printResult, resultFormat, resultHelp, resultOptions } from '../many-runs.ts'

const MIN_CHANGE_PERCENT = 2

export const diff: Command = {
  help: `Whether the new runs are slower or dearer than the base, and which operations
that comes from. Each side is a file, a folder, a handle, or several of them
with commas between. Operations are aligned by their names from the root; each
difference is tested (Mann-Whitney U) and corrected for how many were. With too
few runs there is no verdict, and it says how many are needed. One run against
one is compared span by span.

Options
      --fail-on-regression
                        exit code 1 when time, tokens or cost got worse; 2 when
                        there are too few runs to tell
      --min-change <n>  percent below which a proven difference is small and no
                        regression (default ${MIN_CHANGE_PERCENT})
${resultHelp}

Examples
  spanwise diff main-runs/ branch-runs/ --fail-on-regression
  spanwise diff 3f2a9c07 81bd04e2                       two runs, span by span
  spanwise diff a.jsonl,b.jsonl c.jsonl,d.jsonl --json
  spanwise diff main-runs/ branch-runs/ -f markdown > diff.md`,
  options: {
    'fail-on-regression': { type: 'boolean' },
    'min-change': { type: 'string' },
    ...resultOptions,
    help: { type: 'boolean', short: 'h' },
  },
  async run(input, io) {
    const [base, next, ...more] = input.names
    if (base === undefined || next === undefined || more.length > 0) {
      throw new Complaint('diff takes two names: the base and the new runs', 'several runs on one side: a folder, or commas between them',
        'spanwise diff main-runs/ branch-runs/')
    }
    resultFormat(input)
    const minChange = (input.number('min-change', 0) ?? MIN_CHANGE_PERCENT) / 100
    if (minChange > 1) throw new Complaint(`--min-change is a percentage up to 100, got ${input.text('min-change')}`)
    const sides = [await loadSet(base, io), await loadSet(next, io)] as const
    const isBad = sides.map((side) => tellProblems(side, io)).includes(true)
    for (const [i, { runs }] of sides.entries()) {
      if (runs.length > 0) continue
      io.err(`spanwise: there is no run in ${[base, next][i]!}\n`)
      return EXIT.bad
    }
    const [ofBase, ofNew] = sides.map(({ runs }) => runs.map(({ trace }) => analyze(trace, analysisOptions(io))))
    const result = diffRuns(ofBase!, ofNew!, { minChange })
    printResult('diff', result, { text: renderDiffText, markdown: renderDiffMarkdown }, input, io)
    if (isBad) return EXIT.bad
    if (!input.flag('fail-on-regression')) return EXIT.ok
    if (result.verdict === 'too-few-runs') {
      io.err(`spanwise: --fail-on-regression cannot tell: it takes ${result.method.runsNeeded} runs of each\n`)
      return EXIT.bad
    }
    return result.verdict === 'regression' || result.verdict === 'mixed' ? EXIT.found : EXIT.ok
  },
}
