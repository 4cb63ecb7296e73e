import type { SpanwiseConfig } from '../config/config.ts'
import type { Terminal } from '../terminal.ts'

/** Exit codes; `spanwise run` gives back that of the program, and 126 or 127 when there is none, as shells do. */
export const EXIT = {
  ok: 0,
  /** `--fail-on` found what it was asked to look for. */
  found: 1,
  /** Input that cannot be read, in whole or in part, or a command line that makes no sense. */
  bad: 2,
  notExecutable: 126,
  noProgram: 127,
} as const

export type Env = Readonly<Record<string, string | undefined>>

/** All that a command touches of the process. Tests give their own. */
export interface Io {
  readonly out: (text: string | Uint8Array) => void
  readonly err: (text: string) => void
  /** Waits until standard output takes more; without it, what is written waits in memory. */
  readonly drained?: () => Promise<void>
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Standard output and standard error; a pipe is plain and 80 columns wide. Progress is for a standard error that is watched. */
  readonly terminal: Terminal & { readonly isTerminal: boolean }
  readonly errorTerminal: Terminal & { readonly isTerminal: boolean }
  readonly cwd: string
  readonly home: string
  readonly env: Env
  readonly nowEpochMs: () => number
  /** Of the configuration file; absent where there is none. */
  readonly config?: SpanwiseConfig
  /** Does the command anew where there is room for a large input; absent where it has room, or cannot be begun twice. */
  readonly withRoom?: (words: readonly string[]) => Promise<number>
}

/** The input is a large one, and nothing of it has been read yet. */
export class NeedsRoom extends Error {
  override readonly name: string = 'NeedsRoom'
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: true
  /** What completion offers as values. */
  readonly values?: 'formats' | 'files' | readonly string[]
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** A command line that has been read. */
export interface Input {
  readonly names: readonly string[]
  /** What follows the command's own options, for a command that starts a program. */
  readonly program: readonly string[]
  flag(option: string): boolean
  text(option: string): string | undefined
  /** All values of an option that may be given several times. */
  texts(option: string): readonly string[]
  /** @throws Complaint when it is not a whole number of at least `least` */
  number(option: string, least: number): number | undefined
}

export interface Command {
  /** All of `spanwise <name> --help`. */
  readonly help: string
  readonly options: OptionSpecs
  /** Everything after `--` or the first name belongs to a program. */
  readonly startsProgram?: true
  /** What it does depends on nothing that a configuration file says, so a broken one is no hindrance. */
  readonly needsNoConfig?: true
  /** @returns the exit code */
  readonly run: (input: Input, io: Io) => Promise<number>
}

/** Something that the user can put right: printed without a stack, exit code 2. */
export class Complaint extends Error {
  override readonly name: string = 'Complaint'
  readonly exitCode: number = EXIT.bad
  readonly hints: readonly string[]

  constructor(message: string, ...hints: readonly string[]) {
    super(message)
    this.hints = hints
  }
}

/** What a JSON document of the command is, and the version of its shape: fields may be added without a new one. */
export const jsonKind = (kind: string): { readonly format: string; readonly version: 1 } => ({ format: `spanwise-${kind}`, version: 1 })

/** One JSON document on standard output. docs/command.md lists the kinds. */
export function printJson(io: Io, kind: string, value: object): void {
  io.out(`${JSON.stringify({ ...jsonKind(kind), ...value }, null, 2)}\n`)
}

/** How a page looks; every command that prints one has these. */
export const pageOptions: OptionSpecs = {
  width: { type: 'string' },
  ascii: { type: 'boolean' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
}

export const helpOption: OptionSpecs = { help: { type: 'boolean', short: 'h' } }
