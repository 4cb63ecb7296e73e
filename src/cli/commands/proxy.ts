import { existsSync } from 'node:fs'
import { rmdir } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CANCELLED, OK, type Outcome, type Trace } from '../../model/span.ts'
import { runLine, runSummary } from '../../run-log.ts'
import { Complaint, EXIT, helpOption, jsonKind, type Command, type Env, type Input, type Io } from '../command.ts'
import { handlesOf } from '../handles.ts'
import { runFolder, shortPath } from '../load.ts'
import { checkOutput, outputHelp, outputOptions } from '../output.ts'
import { runProgram, type Ended } from '../program.ts'
import { freshFolder } from '../run-folder.ts'
import { signalled } from '../signals.ts'
import { DEFAULT_PORT } from '../proxy/server.ts'
import { startProxy, type RunningProxy } from '../proxy/start.ts'
import { localUrl, upstreamsOf, variablesFor, type Upstream } from '../proxy/upstreams.ts'
import { isOff, isOurs, printRecorded } from './run.ts'

const CONTENT = ['none', 'full'] as const
const DEFAULT_IDLE_SECONDS = 60
const MAX_TIMER_MS = 2 ** 31 - 1

export const proxy: Command = {
  startsProgram: true,
  help: `An endpoint on this machine for programs in any language. It sends each
request on to the provider, byte for byte, gives the answer back as it comes,
and records the calls of models. Keys pass through and are never recorded.

With a program: it is started with the base URLs of OpenAI, Anthropic and Google
set in its environment, all that it asks is one run, and the report goes to
standard error at the end, as with spanwise run. The exit code is the program's.

Without one it says which variables to set, and goes on until Ctrl-C. Calls with
one traceparent, or with one header spanwise-run: <name>, make a run; all others
belong to one run until nothing was asked for a while.

Options (before the program)
      --port <n>           ${DEFAULT_PORT}, or the next free one; with a program any
      --to <name=url>      another upstream, under /name; without a name one
                           that speaks OpenAI's protocol, in place of OpenAI
      --idle <seconds>     how long nothing is asked before a run is over (${DEFAULT_IDLE_SECONDS})
      --content none|full  texts of prompts and answers (none)
      --no-report          only record
${outputHelp}

Examples
  spanwise proxy
  spanwise proxy -- python agent.py
  spanwise proxy --to http://localhost:11434/v1 -- ./agent
  spanwise proxy --to groq=https://api.groq.com/openai/v1 --idle 300`,
  options: {
    port: { type: 'string' }, to: { type: 'string', multiple: true }, idle: { type: 'string' }, content: { type: 'string', values: CONTENT },
    'no-report': { type: 'boolean' }, ...outputOptions, ...helpOption,
  },
  async run(input, io) {
    const options = optionsOf(input, io)
    const [program, ...words] = input.program
    return program === undefined ? await untilStopped(options, input, io) : await around(program, words, options, input, io)
  },
}

interface Options {
  readonly upstreams: readonly Upstream[]
  readonly port: number | undefined
  readonly isRecording: boolean
  readonly content: (typeof CONTENT)[number]
  readonly idleMs: number
}

function optionsOf(input: Input, io: Io): Options {
  const port = input.number('port', 0)
  if (port !== undefined && port > 65_535) throw new Complaint(`--port must be a port, up to 65535, got ${port}`)
  const given = input.text('content') ?? 'none'
  const content = CONTENT.find((one) => one === given)
  if (content === undefined) throw new Complaint(`--content must be ${CONTENT.join(' or ')}, got ${given}`)
  const idleSeconds = input.number('idle', 1) ?? DEFAULT_IDLE_SECONDS
  return { upstreams: upstreamsOf(input.texts('to'), io.env), port, isRecording: !isOff(io.env['SPANWISE']), content, idleMs: Math.min(idleSeconds * 1_000, MAX_TIMER_MS) }
}

/** A program that is asked for nothing but its environment. */
async function around(program: string, words: readonly string[], options: Options, input: Input, io: Io): Promise<number> {
  if (input.text('idle') !== undefined) throw new Complaint('--idle is for a proxy without a program: all that a program asks is one run')
  checkOutput(input, io)
  const folder = await freshFolder(io)
  try {
    const running = await startProxy({ ...options, port: options.port ?? 0, dir: folder, program: nameOf(program, words, io.cwd) })
    const ended = await runWith(running, program, words, options.upstreams, input, io)
    tellTunnels(running, io)
    await printRecorded(folder, ended, input, io, whyNothing(options))
    return ended.code
  } finally {
    // Only when it is empty.
    await rmdir(folder).catch(() => {})
  }
}

async function runWith(
  running: RunningProxy, program: string, words: readonly string[], upstreams: readonly Upstream[], input: Input, io: Io,
): Promise<Ended> {
  let outcome: Outcome = OK
  try {
    const env = { ...io.env, ...withoutProxy(io.env), ...variablesFor(upstreams, running.port) }
    const ended = await runProgram({ program, words, env, cwd: io.cwd, isQuiet: isOurs(input), command: 'proxy' })
    outcome = outcomeOf(ended)
    return ended
  } finally {
    await running.stop(outcome)
  }
}

function outcomeOf({ code, signal }: Ended): Outcome {
  if (code === 0) return OK
  if (signal === 'SIGINT' || code === 130) return CANCELLED
  return { state: 'failed', type: signal ?? 'exit', message: signal === undefined ? `exit code ${code}` : `ended by ${signal}` }
}

/** A proxy of the network is not asked for what is on this machine. */
function withoutProxy(env: Env): Env {
  if (!Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name))) return {}
  const all = [env['NO_PROXY'] ?? env['no_proxy'], '127.0.0.1'].filter(Boolean).join(',')
  return { NO_PROXY: all, no_proxy: all }
}

/** The file of a script, or the program: what stands behind it may be anything. */
function nameOf(program: string, words: readonly string[], cwd: string): string {
  const script = words.find((word) => /\.\w+$/.test(word) && !word.startsWith('-') && existsSync(resolve(cwd, word)))
  return basename(script ?? program)
}

async function untilStopped(options: Options, input: Input, io: Io): Promise<number> {
  for (const option of ['output', 'format', 'no-report']) {
    if (input.text(option) !== undefined || input.flag(option)) throw new Complaint(`--${option} is for the report of a program`, 'spanwise proxy -- python agent.py')
  }
  const folder = runFolder(io)
  const isJson = input.flag('json')
  let runs = 0
  const stopped = signalled()
  const running = await startProxy({ ...options, dir: folder }, (trace) => {
    runs++
    io.out(isJson ? runJson(trace) : `${handleOf(trace)}  ${runLine(runSummary(trace))}\n`)
  })
  if (options.port === undefined && running.port !== DEFAULT_PORT) {
    io.err(`spanwise: port ${DEFAULT_PORT} is taken by another program (spanwise ui?); clients that are set to it do not come here\n`)
  }
  io.out(isJson ? startJson(options, running.port, folder) : startText(options, running.port, shortPath(folder, io)))
  await stopped
  await running.stop(OK)
  tellTunnels(running, io)
  if (runs === 0) io.err(`spanwise: nothing was recorded${whyNothing(options)}\n`)
  else if (!isJson) io.err(`spanwise: recorded ${runs === 1 ? 'a run' : `${runs} runs`} in ${shortPath(folder, io)}; spanwise show prints the newest, spanwise list all\n`)
  return EXIT.ok
}

const handleOf = ({ id }: Trace): string => handlesOf([id]).get(id)!

const runJson = (trace: Trace): string => `${JSON.stringify({ ...jsonKind('proxy-run'), handle: handleOf(trace), ...runSummary(trace) })}\n`

function startJson({ upstreams, isRecording }: Options, port: number, folder: string): string {
  const list = upstreams.map((upstream) => ({ name: upstream.name, url: localUrl(upstream, port), to: upstream.url.href, variables: upstream.variables }))
  return `${JSON.stringify({ ...jsonKind('proxy'), url: `http://127.0.0.1:${port}`, upstreams: list, folder: isRecording ? folder : null })}\n`
}

function startText({ upstreams, isRecording }: Options, port: number, folder: string): string {
  const rows = upstreams.map((upstream) => [`${upstream.variables[0]}=${localUrl(upstream, port)}`, upstream.url.origin] as const)
  const width = Math.max(...rows.map(([setting]) => setting.length))
  const where = isRecording ? `recording to ${folder}` : 'recording nothing (SPANWISE is off)'
  return [
    `Proxy on http://127.0.0.1:${port}, ${where}; Ctrl-C stops it. For your programs:`, '',
    ...rows.map(([setting, origin]) => `  ${setting.padEnd(width)}   (${origin})`), '', '',
  ].join('\n')
}

function tellTunnels(running: RunningProxy, io: Io): void {
  const count = running.tunnels()
  if (count > 0) io.err(`spanwise: ${count === 1 ? 'a connection' : `${count} connections`} left HTTP, such as websockets: what went over them is not recorded\n`)
}

const whyNothing = ({ isRecording, upstreams }: Options): string => (isRecording
  ? `: no call of a model came through the proxy
  Its clients have to take their base URL from
    ${upstreams.map(({ variables }) => variables[0]).join(', ')}
  or to be given it (docs/proxy.md)`
  : ': SPANWISE is set to a value that switches recording off')
