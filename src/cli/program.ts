import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { Complaint, EXIT, type Env } from './command.ts'

export interface Start {
  readonly program: string
  readonly words: readonly string[]
  readonly env: Env
  readonly cwd: string
  /** The program's standard output goes to standard error, because ours is for a document. */
  readonly isQuiet: boolean
  /** The command of ours that starts it, as hints name it. Default: `run`. */
  readonly command?: string
}

/** `code` is as a shell gives it: 128 and the signal's number when a signal ended the program. */
export interface Ended {
  readonly code: number
  readonly signal?: NodeJS.Signals
}

/** A program that could not be started. */
class NotStarted extends Complaint {
  override readonly exitCode: number

  constructor(exitCode: number, message: string, ...hints: readonly string[]) {
    super(message, ...hints)
    this.exitCode = exitCode
  }
}

const DIRECTED = ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const
const FROM_KEYS = ['SIGINT', 'SIGQUIT'] as const

/**
 * Runs a program with our input, output and signals.
 * @throws Complaint when it cannot be started
 */
export async function runProgram({ program, words, env, cwd, isQuiet, command = 'run' }: Start): Promise<Ended> {
  const child = spawn(program, words, { stdio: isQuiet ? ['inherit', 2, 2] : 'inherit', env, cwd })
  const undo = passSignals(child)
  try {
    return await new Promise<Ended>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(program, cwd, command, error)))
      child.once('close', (code, signal) =>
        resolve(signal === null ? { code: code ?? EXIT.bad } : { code: 128 + constants.signals[signal], signal }))
    })
  } finally {
    undo()
  }
}

/** We outlive the program, to print the report. A terminal sends the signals of its keys to the program as well: once is enough. */
function passSignals(child: ChildProcess): () => void {
  const atTerminal = hasTerminal()
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  const stay = (): void => {}
  for (const signal of DIRECTED) process.on(signal, pass)
  for (const signal of FROM_KEYS) process.on(signal, atTerminal ? stay : pass)
  return () => {
    for (const signal of DIRECTED) process.off(signal, pass)
    for (const signal of FROM_KEYS) process.off(signal, atTerminal ? stay : pass)
  }
}

/** Also when all three streams are piped. */
function hasTerminal(): boolean {
  if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) return true
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

function notStarted(program: string, cwd: string, command: string, error: NodeJS.ErrnoException): Complaint {
  if (error.code === 'ENOENT' && !existsSync(cwd)) return new NotStarted(EXIT.noProgram, `the folder ${cwd} is gone`)
  const start = existsSync(resolve(cwd, program)) ? programFor(program) : undefined
  const hint = `spanwise ${command} -- ${start ?? 'node agent.js'}`
  if (start !== undefined) return new NotStarted(EXIT.notExecutable, `${program} is a file that its runtime has to start`, hint)
  if (error.code === 'ENOENT') return new NotStarted(EXIT.noProgram, `${program}: there is no such program`, hint)
  return new NotStarted(EXIT.notExecutable, `${program} cannot be started: ${error.message}`, hint)
}

/** By what a source file is started; undefined when it is none. */
export function programFor(file: string): string | undefined {
  if (/\.[cm]?js$/.test(file)) return `node ${file}`
  if (/\.[cm]?tsx?$/.test(file)) return `npx tsx ${file}`
  return file.endsWith('.sh') ? `sh ${file}` : undefined
}
