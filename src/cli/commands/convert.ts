import { Complaint, EXIT, helpOption, printJson, type Command } from '../command.ts'
import { formatNamed, formatNames } from '../formats.ts'
import { load, tellProblems } from '../load.ts'
import { checkOutput, outputHelp, outputOptions, writeRuns } from '../output.ts'

export const convert: Command = {
  help: `Reads any trace that Spanwise knows and writes it in another format: .jsonl (or
--format run) is a run file of ours, which keeps everything. Without -o it goes
to standard output.

Options
      --last             the newest session of a coding agent
${outputHelp.replace('the same as --format json', 'say as JSON what was read and written')}

Formats: ${formatNames.slice(0, 6).join(', ')},
         ${formatNames.slice(6).join(', ')}

Examples
  spanwise convert langfuse.json -o run.jsonl        a run file of ours
  spanwise convert run.jsonl -o run.speedscope.json  for speedscope.app
  spanwise convert runs/ -f otlp -o otlp/            a folder, one file per run
  spanwise convert --last -f run > session.jsonl`,
  options: { ...outputOptions, last: { type: 'boolean' }, ...helpOption },
  async run(input, io) {
    if (input.names.length === 0 && !input.flag('last')) throw new Complaint('convert what? Name a file, a folder, a run or -', 'spanwise convert langfuse.json -o run.jsonl')
    if (input.flag('json') && input.text('output') === undefined) throw new Complaint('--json says what was written; name a file with -o')
    checkOutput(input, io)
    const loaded = await load(input.names, io, { lastSession: input.flag('last') })
    const isBad = tellProblems(loaded, io)
    const { runs, problems, skipped } = loaded
    const summary = { ...input, flag: (option: string) => option !== 'json' && input.flag(option) }
    const written = runs.length === 0 ? [] : await writeRuns(runs, summary, io, formatNamed('run'))
    if (input.flag('json')) printJson(io, 'convert', { runs: runs.map(({ handle, trace, file }) => ({ handle, id: trace.id, name: trace.name, file })), written, problems, skipped })
    else for (const file of written) io.err(`spanwise: wrote ${file}\n`)
    return isBad || runs.length === 0 ? EXIT.bad : EXIT.ok
  },
}
