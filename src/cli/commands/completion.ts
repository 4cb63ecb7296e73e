import { Complaint, EXIT, helpOption, type Command, type Input, type Io, type OptionSpec, type OptionSpecs } from '../command.ts'
import { commands } from '../commands.ts'
import { withConfig } from '../config.ts'
import { bashScript, fishScript, zshScript, type Known } from '../completion-scripts.ts'
import { formatNames } from '../formats.ts'
import { runHandles, sessionHandles, spanHandlesOf, type Choice } from '../completion-words.ts'
import { didYouMean } from '../nearest.ts'

const scripts: ReadonlyMap<string, (known: readonly Known[]) => string> = new Map([
  ['bash', bashScript], ['zsh', zshScript], ['fish', fishScript],
])

/** What the names of a command may be besides files; the scripts ask for it at each Tab. */
const names: Readonly<Record<string, Known['names']>> = {
  show: 'run and span', report: 'runs', convert: 'runs', top: 'runs', list: 'folder', ui: 'folder', run: 'program', proxy: 'program', completion: [...scripts.keys()],
}

export const completion: Command = {
  needsNoConfig: true,
  help: `Prints a script that completes commands, options, formats, files, and the
handles of runs, sessions and spans.

Options (what the scripts ask for)
      --handles       the handles of runs and sessions, newest first
      --spans <run>   the handles of a run's spans

Examples
  spanwise completion bash > ~/.local/share/bash-completion/completions/spanwise
  spanwise completion zsh > ~/.zfunc/_spanwise
  spanwise completion fish > ~/.config/fish/completions/spanwise.fish

Without bash-completion: spanwise completion bash >> ~/.bashrc. For zsh the
folder has to be in fpath: fpath=(~/.zfunc $fpath) before compinit.`,
  options: { handles: { type: 'boolean' }, spans: { type: 'string' }, ...helpOption },
  async run(input, io) {
    const asked = await choices(input, io)
    if (asked !== undefined) {
      io.out(asked.map(([word, what]) => `${word}\t${what}\n`).join(''))
      return EXIT.ok
    }
    const shells = [...scripts.keys()]
    const [shell] = input.names
    const script = shell === undefined ? undefined : scripts.get(shell)
    if (script === undefined) {
      const what = shell === undefined ? 'which shell?' : `there is no completion for ${shell}${didYouMean(shell, shells)}`
      throw new Complaint(what, `the shells: ${shells.join(', ')}`)
    }
    io.out(script(await Promise.all(commands.map(knownOf))))
    return EXIT.ok
  },
}

/** A word that cannot be completed is no reason to disturb the command line: there are no choices then. */
async function choices(input: Input, io: Io): Promise<readonly Choice[] | undefined> {
  const run = input.text('spans')
  if (run === undefined && !input.flag('handles')) return undefined
  try {
    const quiet = await withConfig({ ...io, err: () => {} })
    return run === undefined ? [...(await runHandles(quiet)), ...(await sessionHandles(quiet))] : await spanHandlesOf(run, quiet)
  } catch {
    return []
  }
}

async function knownOf({ name, summary, load }: (typeof commands)[number]): Promise<Known> {
  const { options } = await load()
  return { name, summary, names: names[name] ?? 'nothing', options: withValues(options) }
}

const withValues = (options: OptionSpecs): Known['options'] => Object.entries(options).map(([name, { type, short, values }]) => ({
  name,
  ...(short !== undefined && { short }),
  takes: type === 'boolean' ? 'nothing' : valuesOf(values),
}))

function valuesOf(values: OptionSpec['values']): readonly string[] | 'files' | 'something' {
  if (values === 'formats') return formatNames
  return values ?? 'something'
}
