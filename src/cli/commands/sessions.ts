import { EXIT, helpOption, pageOptions, printJson, type Command } from '../command.ts'
import { shortPath } from '../load.ts'
import { agentTitles, findSessions, sessionFolders, withProject } from '../sessions.ts'
import { note, sessionTable } from '../tables.ts'

const DEFAULT_LIMIT = 20

export const sessions: Command = {
  needsNoConfig: true,
  help: `Of ${agentTitles.join(', ')}, newest first. Nothing is changed
and nothing leaves the machine. Words narrow
the list to sessions whose project or agent contains all of them. Folders:
~/.claude/projects, ~/.codex/sessions and ~/.gemini/tmp, moved by
CLAUDE_CONFIG_DIR, CODEX_HOME and GEMINI_CLI_HOME as for the agents themselves.

Options
  -n, --limit <n>    the newest n (default ${DEFAULT_LIMIT}; 0: all)
      --json         as JSON, with the files
      --width <n>    columns; also --ascii, --color and --no-color

Examples
  spanwise sessions
  spanwise sessions my-project codex
  spanwise report 258c7280              a report of one of them
  spanwise report --last                of the newest`,
  options: { limit: { type: 'string', short: 'n' }, json: { type: 'boolean' }, ...pageOptions, ...helpOption },
  async run(input, io) {
    const limit = input.number('limit', 0) ?? DEFAULT_LIMIT
    const words = input.names.map((word) => word.toLowerCase())
    const found = await findSessions(io)
    const shown = []
    for (const one of found) {
      if (limit > 0 && shown.length >= limit) break
      const session = await withProject(one)
      const text = `${session.agent} ${session.project}`.toLowerCase()
      if (words.every((word) => text.includes(word))) shown.push(session)
    }
    if (input.flag('json')) {
      printJson(io, 'sessions', { sessions: shown.map(({ handle, agent, id, project, modifiedEpochMs, bytes, path }) => ({ handle, agent, id, project, modifiedEpochMs, bytes, path })) })
    } else if (shown.length > 0) {
      io.out(sessionTable(shown.map((one) => ({ ...one, project: shortPath(one.project, { cwd: '', home: io.home }) })), io))
      io.out(`\n${note(`spanwise report <handle> prints one of them${found.length > shown.length ? `; -n 0 lists all ${found.length}` : ''}`, io)}`)
    } else {
      io.out(`${found.length === 0 ? 'no sessions found' : `none of ${found.length} sessions fits`}; looked in ${sessionFolders(io).join(', ')}\n`)
    }
    return EXIT.ok
  },
}
