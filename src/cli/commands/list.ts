import { resolve } from 'node:path'
import { Complaint, EXIT, printJson, type Command } from '../command.ts'
import { kindOf } from '../files.ts'
import { recordedRuns, runFolder, shortPath, tellProblems } from '../load.ts'
import { note, rowsOf, runTable } from '../tables.ts'

const DEFAULT_LIMIT = 20

export const list: Command = {
  help: `The runs recorded in ./.spanwise (or SPANWISE_DIR, or the folder named), newest first.

Options
  -n, --limit <n>       the newest n files (default ${DEFAULT_LIMIT}; 0: all)
      --json            as JSON

Examples
  spanwise list
  spanwise list traces/ -n 0
  spanwise list --json | jq '.[0].handle'`,
  options: { limit: { type: 'string', short: 'n' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  async run(input, io) {
    const [name, ...more] = input.names
    if (more.length > 0) throw new Complaint('list takes one folder; spanwise report takes several files and folders')
    const folder = name === undefined ? runFolder(io) : resolve(io.cwd, name)
    if (name !== undefined && (await kindOf(folder)) !== 'folder') throw new Complaint(`${name}: no such folder`)
    const limit = input.number('limit', 0) ?? DEFAULT_LIMIT
    const loaded = await recordedRuns(io, undefined, folder, limit === 0 ? Infinity : limit)
    const rows = rowsOf(loaded.runs)
    if (input.flag('json')) printJson(io, rows)
    else if (rows.length > 0) io.out(`${runTable(rows, io)}\n${note('spanwise show <handle> prints one of them', io)}`)
    else io.out(`no runs in ${shortPath(folder, io)} yet; spanwise run -- node agent.js records one\n`)
    return tellProblems(loaded, io) ? EXIT.bad : EXIT.ok
  },
}
