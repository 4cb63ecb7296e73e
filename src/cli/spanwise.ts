import { EXIT, NeedsRoom, type Io } from './command.ts'
import { commands, type Entry } from './commands.ts'

/**
 * The whole command.
 * @param words what stands after `spanwise`
 * @returns the exit code; never throws
 */
export async function spanwise(words: readonly string[], io: Io): Promise<number> {
  try {
    return await withRoom(words, io)
  } catch (error) {
    const { tell } = await import('./complain.ts')
    return tell(error, ownWords(words).includes('--json'), io)
  }
}

async function withRoom(words: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(words, io)
  } catch (error) {
    if (!(error instanceof NeedsRoom) || io.withRoom === undefined) throw error
    return await io.withRoom(words)
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h') return help(io)
  if (first === 'help') return rest[0] === undefined ? help(io) : await commandHelp(await entryOf(rest[0]), io)
  if (first === '--version' || first === '-v' || first === 'version') {
    io.out(`${(await import('./package-file.ts')).version()}\n`)
    return EXIT.ok
  }
  const entry = await entryOf(first)
  const command = await entry.load()
  const own = ownWords(words)
  if (own.includes('--help') || own.includes('-h')) return await commandHelp(entry, io)
  const { readInput } = await import('./arguments.ts')
  const { asAsked } = await import('./as-asked.ts')
  const input = readInput(entry.name, command, rest)
  const asked = asAsked(input, io, command.startsProgram === undefined && !rest.includes('-'))
  return await command.run(input, command.needsNoConfig ? asked : await (await import('./config.ts')).withConfig(asked))
}

/** What follows `--`, and the program that `run` or `proxy` starts, are not ours to read. */
function ownWords(words: readonly string[]): readonly string[] {
  const startsProgram = words[0] === 'run' || words[0] === 'proxy'
  const end = words.findIndex((word, i) => word === '--' || (startsProgram && i > 0 && !word.startsWith('-') && !takesNext(words[i - 1]!)))
  return end === -1 ? words : words.slice(0, end)
}

/** Near enough for the two questions that are asked of these words. */
const takesNext = (option: string): boolean => /^(-[fo]|--(format|output|width|weight|semconv|port|to|idle|content))$/.test(option)

async function entryOf(name: string): Promise<Entry> {
  const found = commands.find((entry) => entry.name === name)
  if (found !== undefined) return found
  const { unknownCommand } = await import('./unknown-command.ts')
  throw unknownCommand(name)
}

async function commandHelp({ name, usage, summary, load }: Entry, io: Io): Promise<number> {
  const { help: text } = await load()
  io.out(`${`spanwise ${name} ${usage}`.trim()}\n  ${summary}\n\n${text.trim()}\n`)
  return EXIT.ok
}

function help(io: Io): number {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')
  io.out(`spanwise: where the time, the tokens and the money of an LLM agent went

Commands
${list}

Examples
  spanwise demo                       what a report looks like; no setup
  spanwise run -- node agent.js       record a program, and print its report
  spanwise show                       the newest run again
  spanwise sessions                   what coding agents did on this machine
  spanwise report --last              a report of the newest of these sessions
  spanwise report trace.json          a trace of another tool
  spanwise report runs/ -o runs.md    a folder of runs as Markdown

Runs, sessions and spans go by their handles, a few characters of their ids, as
list, sessions and show --tree print them. --json makes any command but
completion machine-readable; - reads standard input.

Exit codes: 0 fine; 1 --fail-on found what it looked for; 2 bad input or a
command line that makes no sense (what can be read is printed all the same).
run and proxy give that of their program, 126 or 127 when there is no such one.

spanwise <command> --help shows the options of a command, with examples.
`)
  return EXIT.ok
}
