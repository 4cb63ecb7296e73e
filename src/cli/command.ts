import type { Terminal } from '../terminal.ts'

/** Exit codes; `spanwise run` gives back that of the program instead. */
export const EXIT = {
  ok: 0,
  /** `--fail-on` found what it was asked to look for. */
  found: 1,
  /** Input that cannot be read, in whole or in part, or a command line that makes no sense. */
  bad: 2,
} as const

export type Env = Readonly<Record<string, string | undefined>>

/** All that a command touches of the process. Tests give their own. */
export interface Io {
  readonly out: (text: string | Uint8Array) => void
  readonly err: (text: string) => void
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Standard output and standard error; a pipe is plain and 80 columns wide. */
  readonly terminal: Terminal & { readonly isTerminal: boolean }
  readonly errorTerminal: Terminal & { readonly isTerminal: boolean }
  readonly cwd: string
  readonly home: string
  readonly env: Env
  readonly nowEpochMs: () => number
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** What completion offers as values. */
  readonly values?: 'formats' | 'files' | 'folders'
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** A command line that has been read. */
export interface Input {
  readonly names: readonly string[]
  /** What follows the command's own options, for a command that starts a program. */
  readonly program: readonly string[]
  flag(option: string): boolean
  text(option: string): string | undefined
  /** @throws Complaint when it is not a whole number of at least `least` */
  number(option: string, least: number): number | undefined
}

export interface Command {
  /** All of `spanwise <name> --help`. */
  readonly help: string
  readonly options: OptionSpecs
  /** Everything after `--` or the first name belongs to a program. */
  readonly startsProgram?: true
  /** @returns the exit code */
  readonly run: (input: Input, io: Io) => Promise<number>
}

/** Something that the user can put right: printed without a stack, exit code 2. */
export class Complaint extends Error {
  override readonly name: string = 'Complaint'
  readonly hints: readonly string[]

  constructor(message: string, ...hints: readonly string[]) {
    super(message)
    this.hints = hints
  }
}

/** One JSON document on standard output. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`)
}
