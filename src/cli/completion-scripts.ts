export interface KnownOption {
  readonly name: string
  readonly short?: string
  readonly takes: 'nothing' | 'something' | 'files' | readonly string[]
}

/** A command as the scripts have to know it. */
export interface Known {
  readonly name: string
  readonly summary: string
  readonly names: 'nothing' | 'runs' | 'run and span' | 'folder' | 'program' | readonly string[]
  readonly options: readonly KnownOption[]
}

const flagsOf = ({ name, short }: KnownOption): string[] => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
const longFlags = (options: readonly KnownOption[]): string => options.map(({ name }) => `--${name}`).join(' ')

/** Options of all commands that take a value; one name means one thing in all of them. */
function withValue(known: readonly Known[]): KnownOption[] {
  const options = known.flatMap((command) => command.options).filter(({ takes }) => takes !== 'nothing')
  return [...new Map(options.map((option) => [option.name, option])).values()]
}

/** `report|top)`: commands whose names are of one kind, as a pattern of a case. */
const withNames = (known: readonly Known[], kind: Known['names']): string => known.filter(({ names }) => names === kind).map(({ name }) => name).join('|')

/** The value of an option in bash: words, files, or nothing that could be known. */
function bashValues({ takes }: KnownOption): string {
  if (takes === 'files') return 'compopt -o filenames 2>/dev/null; _spanwise_offer -f'
  return typeof takes === 'string' ? 'COMPREPLY=()' : `_spanwise_offer -W '${takes.join(' ')}'`
}

export function bashScript(known: readonly Known[]): string {
  const values = withValue(known).map((option) => `    ${flagsOf(option).join('|')}) ${bashValues(option)}; return ;;`).join('\n')
  const options = known.map((command) => `      ${command.name}) words='${longFlags(command.options)}' ;;`).join('\n')
  const fixed = known.flatMap(({ name, names }) => (Array.isArray(names) ? [`    ${name}) _spanwise_offer -W '${names.join(' ')}'; return ;;`] : [])).join('\n')
  return `# bash completion for spanwise
_spanwise_handles() {
  spanwise completion "$@" 2>/dev/null | while IFS=$'\\t' read -r handle _; do echo "$handle"; done
}
# A word a line, so that names may have spaces.
_spanwise_offer() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$current")
}
_spanwise() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words='' i
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _spanwise_offer -W '${known.map(({ name }) => name).join(' ')} help --help --version'
    return
  fi
  if [[ "$command" =~ ^(${withNames(known, 'program')})$ ]]; then
    for ((i = 2; i < COMP_CWORD; i++)); do
      if [ "\${COMP_WORDS[i]}" = -- ]; then
        compopt -o filenames 2>/dev/null
        if [ "$((i + 1))" -eq "$COMP_CWORD" ]; then _spanwise_offer -c -f; else _spanwise_offer -f; fi
        return
      fi
    done
  fi
  case "$previous" in
${values}
  esac
  if [[ "$current" == -* ]]; then
    case "$command" in
${options}
    esac
    _spanwise_offer -W "$words"
    return
  fi
  case "$command" in
    help) _spanwise_offer -W '${known.map(({ name }) => name).join(' ')}'; return ;;
${fixed}
    ${withNames(known, 'folder')}) compopt -o filenames 2>/dev/null; _spanwise_offer -d; return ;;
    ${withNames(known, 'program')}) _spanwise_offer -W '--'; _spanwise_offer -c; return ;;
    ${withNames(known, 'run and span')})
      if [ "$COMP_CWORD" -eq 3 ] && [[ "$previous" != -* ]]; then
        _spanwise_offer -W "$(_spanwise_handles --spans "$previous")"
        return
      fi ;;
    ${withNames(known, 'runs')}) ;;
    *) return ;;
  esac
  compopt -o filenames 2>/dev/null
  _spanwise_offer -W "$(_spanwise_handles --handles)"
  _spanwise_offer -f
}
complete -F _spanwise spanwise
`
}

const plain = (text: string): string => text.replaceAll("'", '').replaceAll(':', ',')

export function zshScript(known: readonly Known[]): string {
  const list = known.map(({ name, summary }) => `    '${name}:${plain(summary)}'`).join('\n')
  const zshValues = ({ takes }: KnownOption): string =>
    takes === 'files' ? '_files' : typeof takes === 'string' ? '_message value' : `compadd -- ${takes.join(' ')}`
  const values = withValue(known).map((option) => `    ${flagsOf(option).join('|')}) ${zshValues(option)}; return ;;`).join('\n')
  const options = known.map((command) => `      ${command.name}) compadd -- ${longFlags(command.options)} ;;`).join('\n')
  const fixed = known.flatMap(({ name, names }) => (Array.isArray(names) ? [`    ${name}) compadd -- ${names.join(' ')} ;;`] : [])).join('\n')
  return `#compdef spanwise
_spanwise_handles() {
  local -a handles
  local handle what
  while IFS=$'\\t' read -r handle what; do handles+=("$handle:\${what//:/.}"); done < <(spanwise completion "$@" 2>/dev/null)
  _describe -V handle handles
}
_spanwise() {
  local -a commands
  commands=(
${list}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  if [[ "$words[2]" == (${withNames(known, 'program')}) ]] && (( \${words[(I)--]} > 0 && \${words[(I)--]} < CURRENT )); then
    if (( \${words[(I)--]} + 1 == CURRENT )); then _command_names -e; fi
    _files
    return
  fi
  case "$words[CURRENT-1]" in
${values}
  esac
  if [[ "$PREFIX" == -* ]]; then
    case "$words[2]" in
${options}
    esac
    return
  fi
  case "$words[2]" in
    help) _describe command commands ;;
${fixed}
    ${withNames(known, 'folder')}) _files -/ ;;
    ${withNames(known, 'program')}) _command_names -e ;;
    ${withNames(known, 'run and span')})
      if (( CURRENT == 4 )) && [[ "$words[3]" != -* ]]; then
        _spanwise_handles --spans "$words[3]"
      else
        _spanwise_handles --handles
        _files
      fi ;;
    ${withNames(known, 'runs')}) _spanwise_handles --handles; _files ;;
  esac
}
if [[ "$funcstack[1]" == _spanwise ]]; then _spanwise "$@"; else compdef _spanwise spanwise; fi
`
}

export function fishScript(known: readonly Known[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
  const lines = known.flatMap(({ name, summary, names, options }) => {
    const seen = `complete -c spanwise -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c spanwise -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...namesIn(names, name).map((line) => `complete -c spanwise ${line}`),
      ...options.map(({ name: option, short, takes }) => `${seen} -l ${option}${short === undefined ? '' : ` -s ${short}`}${
        takes === 'nothing' ? '' : takes === 'files' ? ' -r -F' : takes === 'something' ? ' -x' : ` -x -a ${quoted(takes.join(' '))}`}`),
    ]
  })
  return `# fish completion for spanwise
function __spanwise_run
  set -l words (commandline -opc)
  test (count $words) -ge 3; and not string match -q -- '-*' $words[3]; and echo $words[3]
end
${lines.join('\n')}
`
}

function namesIn(names: Known['names'], command: string): string[] {
  const seen = `__fish_seen_subcommand_from ${command}`
  const handles = `-k -a '(spanwise completion --handles 2>/dev/null)'`
  if (names === 'runs') return [`-n '${seen}' ${handles}`]
  if (names === 'run and span') {
    return [
      `-n '${seen}; and not __spanwise_run' ${handles}`,
      `-n '${seen}; and __spanwise_run' -f -k -a '(spanwise completion --spans (__spanwise_run) 2>/dev/null)'`,
    ]
  }
  if (names === 'program') return [`-n '${seen}' -a '(__fish_complete_subcommand)'`]
  if (names === 'folder') return [`-n '${seen}' -f -a '(__fish_complete_directories)'`]
  return typeof names === 'string' ? [`-n '${seen}' -f`] : [`-n '${seen}' -f -a '${names.join(' ')}'`]
}
