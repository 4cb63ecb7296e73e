import type { Command } from './command.ts'

/** A command as the help lists it. Its module is loaded when it is used: the help has to be there at once. */
export interface Entry {
  readonly name: string
  /** What follows the name. */
  readonly usage: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const commands: readonly Entry[] = [
  {
    name: 'demo', usage: '', summary: 'a report of a recorded agent run, without any setup',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'run', usage: '-- <program> [arguments]', summary: 'run a program with recording on, then print its report',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'proxy', usage: '[-- <program> [arguments]]', summary: 'an endpoint that forwards to the provider and records: for any language',
    load: async () => (await import('./commands/proxy.ts')).proxy,
  },
  {
    name: 'list', usage: '[folder]', summary: 'the recorded runs, newest first, with their handles',
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'show', usage: '[run] [span]', summary: 'one run (the newest): its report, its tree, or one span in detail',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'report', usage: '[file|folder|run|-] ...', summary: 'a report in any format, to the terminal or into a file',
    load: async () => (await import('./commands/report.ts')).report,
  },
  {
    name: 'convert', usage: '<file> -o <file>', summary: 'turn a trace of another tool into a run file, or into any format',
    load: async () => (await import('./commands/convert.ts')).convert,
  },
  {
    name: 'top', usage: '[file|folder|run] ...', summary: 'times per operation over many runs: p50, p95, p99',
    load: async () => (await import('./commands/top.ts')).top,
  },
  {
    name: 'diff', usage: '<base> <new>', summary: 'two sets of runs: whether the new one is slower or dearer, and why',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'check', usage: '[file|folder|run] ...', summary: 'hold runs against a budget: exit code 1 with each reason',
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'ui', usage: '[folder]', summary: 'the dashboard: all runs in the browser, and a receiver of OpenTelemetry',
    load: async () => (await import('./commands/ui.ts')).ui,
  },
  {
    name: 'sessions', usage: '[words]', summary: 'sessions of Claude Code, Codex and Gemini CLI on this machine',
    load: async () => (await import('./commands/sessions.ts')).sessions,
  },
  {
    name: 'completion', usage: 'bash|zsh|fish', summary: 'completion for your shell',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
]
