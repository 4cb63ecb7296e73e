import { analyze } from '../../analyze/index.ts'
import { Complaint, EXIT, helpOption, printJson, type Command, type Input, type Io } from '../command.ts'
import { analysisOptions } from '../config.ts'
import { load, tellProblems, type Run } from '../load.ts'
import { checkOutput, outputHelp, outputOptions, writeRuns } from '../output.ts'
import { detailLines, spanDetail, spanHandles, spanNamed, tree } from '../span-view.ts'
import { printed } from '../tables.ts'

export const show: Command = {
  help: `Without a name the newest run recorded here. A second name is a span of it: the
handle that --tree prints, or the span's own name when no other has it.

Options
      --tree             all spans with their handles
      --last             the newest session of a coding agent
${outputHelp}

Examples
  spanwise show                   the newest run
  spanwise show 3f2a9c07 --tree   its spans
  spanwise show 3f2a9c07 0003     one of them in detail
  spanwise show --last --tree     the newest session, step by step`,
  options: { ...outputOptions, tree: { type: 'boolean' }, last: { type: 'boolean' }, ...helpOption },
  async run(input, io) {
    checkOutput(input, io)
    const isLast = input.flag('last')
    const names = isLast ? [] : input.names.slice(0, 1)
    const [span, ...more] = isLast ? input.names : input.names.slice(1)
    if (more.length > 0) throw new Complaint('show takes one run and one span of it; spanwise report takes several runs')
    const loaded = await load(names, io, { lastSession: isLast })
    const isBad = tellProblems(loaded, io)
    const [run, ...others] = loaded.runs
    if (run === undefined) return EXIT.bad
    if (others.length > 0) {
      throw new Complaint(`${names[0] ?? run.file} holds ${loaded.runs.length} runs; spanwise report prints all of them`, ...loaded.runs.slice(0, 8).map(({ label }) => label))
    }
    if (span !== undefined) showSpan(run, span, input, io)
    else if (input.flag('tree')) showTree(run, input, io)
    else for (const file of await writeRuns([run], input, io)) io.err(`spanwise: wrote ${file}\n`)
    return isBad ? EXIT.bad : EXIT.ok
  },
}

function showSpan({ trace, handle }: Run, name: string, input: Input, io: Io): void {
  const analysis = analyze(trace, analysisOptions(io))
  const handles = spanHandles(analysis)
  const detail = spanDetail(spanNamed(name, analysis, handles), trace, analysis, handles)
  if (input.flag('json')) printJson(io, 'span', { run: handle, ...detail })
  else io.out(printed(detailLines(detail, handles), io))
}

function showTree({ trace, handle }: Run, input: Input, io: Io): void {
  const analysis = analyze(trace, analysisOptions(io))
  const handles = spanHandles(analysis)
  if (input.flag('json')) printJson(io, 'tree', { run: handle, spans: analysis.spans.map((span) => ({ handle: handles.get(span.id)!.handle, ...span })) })
  else io.out(printed(tree(analysis, handles), io))
}
