import { decodeTrace } from '../../trace-file/index.ts'
import { Complaint, EXIT, helpOption, type Command } from '../command.ts'
import { formatNames } from '../formats.ts'
import { outputHelp, outputOptions, writeRuns } from '../output.ts'
import { packageFile } from '../package-file.ts'
import { note, printed, titleLine } from '../tables.ts'

/** Beside examples/record-demo-run.ts, which made it. */
const RUN = 'examples/demo-run.jsonl'

/** What to try next, and what it is for. */
const next: readonly (readonly [command: string, what: string])[] = [
  ['spanwise demo -o demo.chrome.json', 'the same run for ui.perfetto.dev'],
  ['spanwise report --last', 'your newest coding-agent session'],
  ['spanwise run -- node agent.js', 'an agent of yours'],
]

export const demo: Command = {
  needsNoConfig: true,
  help: `The run is that of a support agent, which asks OpenAI and Anthropic, calls tools
and remembers. It was recorded by Spanwise with the real clients on recorded
answers of both; now nothing is asked, and no key or network is needed.

${outputHelp}

Formats: ${formatNames.slice(0, 6).join(', ')},
         ${formatNames.slice(6).join(', ')}

Examples
  spanwise demo
  spanwise demo -o demo.chrome.json        for ui.perfetto.dev
  spanwise demo -o demo.speedscope.json    for speedscope.app
  spanwise demo -f markdown                for a pull request`,
  options: { ...outputOptions, ...helpOption },
  async run(input, io) {
    if (input.names.length > 0) throw new Complaint(`demo takes no names, got ${input.names[0]!}`, `a report of a file: spanwise report ${input.names[0]!}`)
    const { traces, problems: [problem] } = decodeTrace(packageFile(RUN))
    if (problem !== undefined) throw new Error(`${RUN} of the package cannot be read: ${problem.message}`)
    const runs = traces.map((trace) => {
      const handle = trace.id.slice(0, 8)
      return { trace, handle, file: RUN, keys: [trace.id], label: `${handle}  ${trace.name}` }
    })
    const isPlain = !['format', 'output'].some((option) => input.text(option) !== undefined) && !input.flag('json')
    if (isPlain) io.out(`${note('A recorded run of a support agent: real clients, real answers of OpenAI and', io)}${note('Anthropic, and stand-ins for the company\'s own systems. Nothing is asked now.', io)}\n`)
    for (const file of await writeRuns(runs, input, io)) io.err(`spanwise: wrote ${file}\n`)
    if (isPlain) {
      const width = Math.max(...next.map(([command]) => command.length))
      io.out(`\n${printed([titleLine('Next')], io)}${next.map(([command, what]) => `  ${command.padEnd(width)}   ${what}\n`).join('')}`)
    }
    return EXIT.ok
  },
}
