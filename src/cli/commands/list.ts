import { resolve } from 'node:path'
import { Complaint, EXIT, helpOption, pageOptions, printJson, type Command } from '../command.ts'
import { kindOf } from '../files.ts'
import { recordedRuns, runFolder, shortPath, tellProblems } from '../load.ts'
import { note, rowsOf, runTable } from '../tables.ts'

const DEFAULT_LIMIT = 20

export const list: Command = {
  help: `Runs are looked for in ./.spanwise, in SPANWISE_DIR, or in the folder that is
named, and below it.

Options
  -n, --limit <n>    the newest n files (default ${DEFAULT_LIMIT}; 0: all)
      --json         as JSON, times in nanoseconds
      --width <n>    columns; also --ascii, --color and --no-color

Examples
  spanwise list
  spanwise list runs/ -n 0     all runs below a folder
  spanwise list --json         for a script`,
  options: { limit: { type: 'string', short: 'n' }, json: { type: 'boolean' }, ...pageOptions, ...helpOption },
  async run(input, io) {
    const [name, ...more] = input.names
    if (more.length > 0) throw new Complaint('list takes one folder', `several files and folders: spanwise report ${input.names.join(' ')}`)
    const folder = name === undefined ? runFolder(io) : resolve(io.cwd, name)
    const kind = name === undefined ? 'folder' : await kindOf(folder)
    if (kind === 'file') throw new Complaint(`${name} is a file; list takes a folder`, `a report of a file: spanwise report ${name}`)
    if (kind === undefined) throw new Complaint(`${name}: no such folder`)
    const limit = input.number('limit', 0) ?? DEFAULT_LIMIT
    const loaded = await recordedRuns(io, undefined, folder, limit === 0 ? Infinity : limit)
    const rows = rowsOf(loaded.runs, io)
    const { problems, skipped } = loaded
    if (input.flag('json')) printJson(io, 'list', { runs: rows, problems, skipped })
    else if (rows.length > 0) io.out(`${runTable(rows, io)}\n${note('spanwise show <handle> prints one of them', io)}`)
    else io.out(`no runs in ${shortPath(folder, io)} yet; spanwise run -- node agent.js records one\n`)
    return tellProblems(loaded, io) ? EXIT.bad : EXIT.ok
  },
}
