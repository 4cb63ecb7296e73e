import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { Complaint, EXIT, helpOption, jsonKind, type Command, type Input, type Io } from '../command.ts'
import { kindOf } from '../files.ts'
import { runFolder, shortPath } from '../load.ts'
import { version } from '../package-file.ts'
import { reasonOf } from '../read.ts'
import { signalled } from '../signals.ts'

const CONTENT = ['none', 'full'] as const

export const ui: Command = {
  help: `A dashboard over all recorded runs, in the browser, on this machine alone; and a
receiver for any program that speaks OpenTelemetry, whose runs it shows as well.
Runs are those of ./.spanwise, of SPANWISE_DIR, or of the folder that is named.

Options
      --port <n>            of the dashboard (4319, or the next free one)
      --otlp-port <n>       of the receiver (4318); --no-otlp: no receiver
      --host <address>      one that others can reach; default: the loopback's
      --open                open it in the browser
      --content none|full   texts of received prompts and answers (none)
      --retention-days <n>  days to keep received runs (15; 0: for ever)
      --json                where it is, as one line of JSON

Examples
  spanwise ui
  spanwise ui runs/ --open
  spanwise ui --no-otlp --port 8080
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 python agent.py`,
  options: {
    port: { type: 'string' }, 'otlp-port': { type: 'string' }, 'no-otlp': { type: 'boolean' }, host: { type: 'string' }, open: { type: 'boolean' },
    content: { type: 'string', values: CONTENT }, 'retention-days': { type: 'string' }, json: { type: 'boolean' }, ...helpOption,
  },
  async run(input, io) {
    const folder = await folderOf(input, io)
    const { Dashboard } = await import('../../../viewer/server/dashboard.ts')
    const dashboard = new Dashboard({ folder, folderName: shortPath(folder, io), version: version(), nowEpochMs: io.nowEpochMs, ...optionsOf(input) })
    const stopped = signalled()
    let started: Awaited<ReturnType<typeof dashboard.start>>
    try {
      started = await dashboard.start()
    } catch (error) {
      await dashboard.close()
      throw new Complaint(`the dashboard cannot be started: ${reasonOf(error)}`, '--port names another port')
    }
    const { url, token } = started
    const { receiver, runs } = dashboard.info()
    if (input.flag('json')) io.out(`${JSON.stringify({ ...jsonKind('ui'), url, token, receiver })}\n`)
    else io.out(lines({ url, receiver, runs, folder: shortPath(folder, io) }))
    const host = input.text('host')
    if (host !== undefined) io.err(`spanwise: others can reach ${host}: whoever has the link sees all runs${receiver !== null ? ', and anybody can send some' : ''}\n`)
    if (input.flag('open')) openInBrowser(url, io)
    await stopped
    await dashboard.close()
    return EXIT.ok
  },
}

async function folderOf({ names: [name, ...more] }: Input, io: Io): Promise<string> {
  if (more.length > 0) throw new Complaint('ui takes one folder', 'spanwise ui runs/')
  if (name === undefined) return runFolder(io)
  const folder = resolve(io.cwd, name)
  const kind = await kindOf(folder)
  if (kind === 'file') throw new Complaint(`${name} is a file; ui takes a folder`, `a report of a file: spanwise report ${name}`)
  if (kind === undefined) throw new Complaint(`${name}: no such folder`)
  return folder
}

function optionsOf(input: Input) {
  const port = portOf('port', input)
  const otlpPort = input.flag('no-otlp') ? false as const : portOf('otlp-port', input)
  const host = input.text('host')
  const given = input.text('content')
  const content = CONTENT.find((one) => one === given)
  if (given !== undefined && content === undefined) throw new Complaint(`--content must be ${CONTENT.join(' or ')}, got ${given}`)
  const retentionDays = input.number('retention-days', 0)
  return {
    ...(port !== undefined && { port }), ...(otlpPort !== undefined && { otlpPort }), ...(host !== undefined && { host }),
    ...(content !== undefined && { content }), ...(retentionDays !== undefined && { retentionDays }),
  }
}

function portOf(option: string, input: Input): number | undefined {
  const port = input.number(option, 0)
  if (port !== undefined && port > 65_535) throw new Complaint(`--${option} must be a port, up to 65535, got ${port}`)
  return port
}

interface Said {
  readonly url: string
  readonly folder: string
  readonly runs: number
  readonly receiver: { readonly url: string } | { readonly problem: string } | null
}

function lines({ url, folder, runs, receiver }: Said): string {
  const taken = receiver === null ? [] : 'url' in receiver ? [`OTLP       OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.url}`] : [`OTLP       not taken: ${receiver.problem}`]
  return [`Dashboard  ${url}`, ...taken, `${runs === 1 ? '1 run' : `${runs} runs`} in ${folder}; Ctrl-C stops it`, ''].join('\n')
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...words: string[]]>>> = {
  darwin: ['open'], win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** The link is its own argument, so nothing in it is read by a shell. */
function openInBrowser(url: string, io: Io): void {
  const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true })
  child.on('error', () => io.err('spanwise: no browser could be opened; the link above is the dashboard\n'))
  child.unref()
}
