import { Complaint, EXIT, type Command, type OptionSpecs } from '../command.ts'
import { commands } from '../commands.ts'
import { formatNames } from '../formats.ts'
import { didYouMean } from '../nearest.ts'

interface Known {
  readonly name: string
  readonly summary: string
  readonly options: OptionSpecs
}

/** The script of each shell. */
const shells: ReadonlyMap<string, (known: readonly Known[]) => string> = new Map([['bash', bash], ['zsh', zsh], ['fish', fish]])

export const completion: Command = {
  help: `Prints a script that completes commands, options, formats and files.

Examples
  spanwise completion bash >> ~/.bashrc
  spanwise completion zsh > "\${fpath[1]}/_spanwise"
  spanwise completion fish > ~/.config/fish/completions/spanwise.fish`,
  options: { help: { type: 'boolean', short: 'h' } },
  async run(input, io) {
    const names = [...shells.keys()]
    const [shell] = input.names
    const script = shell === undefined ? undefined : shells.get(shell)
    if (script === undefined) {
      const what = shell === undefined ? 'which shell?' : `there is no completion for ${shell}${didYouMean(shell, names)}`
      throw new Complaint(what, `the shells: ${names.join(', ')}`)
    }
    io.out(script(await Promise.all(commands.map(async ({ name, summary, load }) => ({ name, summary, options: (await load()).options })))))
    return EXIT.ok
  },
}

const optionWords = (options: OptionSpecs): string => Object.keys(options).map((option) => `--${option}`).join(' ')
const formats = formatNames.join(' ')

function bash(known: readonly Known[]): string {
  const cases = known.map(({ name, options }) => `      ${name}) options='${optionWords(options)}' ;;`).join('\n')
  return `# bash completion for spanwise
_spanwise() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" options=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${known.map(({ name }) => name).join(' ')} --help --version' -- "$current"))
    return
  fi
  case "$previous" in
    -f|--format) COMPREPLY=($(compgen -W '${formats}' -- "$current")); return ;;
    completion) COMPREPLY=($(compgen -W '${[...shells.keys()].join(' ')}' -- "$current")); return ;;
  esac
  case "$current" in
    -*) case "\${COMP_WORDS[1]}" in
${cases}
    esac
    COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _spanwise spanwise
`
}

function zsh(known: readonly Known[]): string {
  const list = known.map(({ name, summary }) => `    '${name}:${summary.replaceAll("'", '').replaceAll(':', ',')}'`).join('\n')
  const cases = known.map(({ name, options }) => `      ${name}) compadd -- ${optionWords(options)} ;;`).join('\n')
  return `#compdef spanwise
_spanwise() {
  local -a commands
  commands=(
${list}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "$words[CURRENT-1]" in
    -f|--format) compadd -- ${formats}; return ;;
    completion) compadd -- ${[...shells.keys()].join(' ')}; return ;;
  esac
  if [[ "$PREFIX" == -* ]]; then
    case "$words[2]" in
${cases}
    esac
  else
    _files
  fi
}
compdef _spanwise spanwise
`
}

function fish(known: readonly Known[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
  const lines = known.flatMap(({ name, summary, options }) => [
    `complete -c spanwise -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...Object.entries(options).map(([option, { type, short, values }]) =>
      `complete -c spanwise -n '__fish_seen_subcommand_from ${name}' -l ${option}${short === undefined ? '' : ` -s ${short}`}`
      + (values === 'formats' ? ` -x -a ${quoted(formats)}` : type === 'string' ? ' -r' : '')),
  ])
  return `# fish completion for spanwise\n${lines.join('\n')}\ncomplete -c spanwise -n '__fish_seen_subcommand_from completion' -f -a '${[...shells.keys()].join(' ')}'\n`
}
