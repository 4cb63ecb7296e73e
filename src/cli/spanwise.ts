import { EXIT, type Io } from './command.ts'
import { commands, type Entry } from './commands.ts'

/**
 * The whole command.
 * @param words what stands after `spanwise`
 * @returns the exit code; never throws
 */
export async function spanwise(words: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(words, io)
  } catch (error) {
    io.err(`spanwise: ${messageOf(error)}\n`)
    for (const hint of hintsOf(error)) io.err(`  ${hint}\n`)
    if (io.env['SPANWISE_DEBUG'] && error instanceof Error) io.err(`${error.stack ?? ''}\n`)
    return EXIT.bad
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h') return help(io)
  if (first === 'help') return rest[0] === undefined ? help(io) : await commandHelp(await entryOf(rest[0]), io)
  if (first === '--version' || first === '-v' || first === 'version') {
    io.out(`${(await import('./version.ts')).version()}\n`)
    return EXIT.ok
  }
  const entry = await entryOf(first)
  const command = await entry.load()
  const ends = rest.findIndex((word) => word === '--' || (command.startsProgram === true && !word.startsWith('-')))
  const own = ends === -1 ? rest : rest.slice(0, ends)
  if (own.includes('--help') || own.includes('-h')) return await commandHelp(entry, io)
  const { readInput } = await import('./arguments.ts')
  return await command.run(readInput(entry.name, command, rest), io)
}

async function entryOf(name: string): Promise<Entry> {
  const found = commands.find((entry) => entry.name === name)
  if (found !== undefined) return found
  const { unknownCommand } = await import('./unknown-command.ts')
  throw unknownCommand(name)
}

async function commandHelp({ name, usage, summary, load }: Entry, io: Io): Promise<number> {
  const { help: text } = await load()
  io.out(`spanwise ${name} ${usage}\n  ${summary}\n\n${text.trim()}\n`)
  return EXIT.ok
}

function help(io: Io): number {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')
  io.out(`spanwise: where the time, the tokens and the money of an LLM agent went

Commands
${list}

Examples
  spanwise run -- node agent.js          record a program of yours and print the report
  spanwise show                          the newest run again
  spanwise sessions                      what coding agents did on this machine
  spanwise report --last                 a report of the newest of these sessions
  spanwise report trace.json             a trace of another tool: OTLP, Langfuse, LangSmith, ...
  spanwise report runs/ -o runs.md       a folder of runs as Markdown
  spanwise convert a.json -o a.speedscope.json

Runs, sessions and spans go by their handles: the first characters of their ids, as list, sessions and
show --tree print them. --json makes any of these machine-readable; - reads standard input.

Exit codes: 0 fine; 1 --fail-on found what it looked for; 2 bad input or a command line that makes no
sense (what could be read is still printed); run: that of the program.
spanwise <command> --help shows the options of a command, with examples.
`)
  return EXIT.ok
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function hintsOf(error: unknown): readonly string[] {
  const hints = error instanceof Error && 'hints' in error ? error.hints : undefined
  return Array.isArray(hints) ? hints.map(String) : []
}
