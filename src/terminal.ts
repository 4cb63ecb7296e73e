/** What the place where a report is printed can show. */
export interface Terminal {
  /** Columns. */
  readonly width: number
  readonly color: boolean
  /** No characters but those of ASCII. */
  readonly ascii?: boolean
}

interface Output {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

type Env = Readonly<Record<string, string | undefined>>

const PIPE_COLUMNS = 80
const MIN_COLUMNS = 60
const MAX_COLUMNS = 160

/**
 * Standard output as the process sees it; a pipe is plain and 80 columns wide. `NO_COLOR` (no-color.org) and `FORCE_COLOR`
 * decide before the terminal does.
 */
export function terminal(output: Output | undefined = globalThis.process?.stdout, env: Env = globalThis.process?.env ?? {}): Terminal {
  const isTerminal = output?.isTTY === true
  // A terminal that does not know its width says 0.
  const columns = (isTerminal && output.columns) || PIPE_COLUMNS
  const width = isTerminal ? Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, columns)) : PIPE_COLUMNS
  return { width, color: hasColor(isTerminal, env), ascii: isAscii(env) }
}

function hasColor(isTerminal: boolean, env: Env): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}

/** A locale that names another encoding; POSIX looks at these three in this order. Without any, UTF-8 is the better guess. */
function isAscii(env: Env): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG']
  return locale !== undefined && locale !== '' && !/utf-?8/i.test(locale)
}
