/** What the place where a report is printed can show. */
export interface Terminal {
  /** Columns. */
  readonly width: number
  readonly color: boolean
}

interface Output {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

const PIPE_COLUMNS = 80
const MIN_COLUMNS = 60
const MAX_COLUMNS = 160

/**
 * Standard output as the process sees it; a pipe is plain and 80 columns wide. `NO_COLOR` (no-color.org) and `FORCE_COLOR`
 * decide before the terminal does.
 */
export function terminal(
  output: Output | undefined = globalThis.process?.stdout,
  env: Readonly<Record<string, string | undefined>> = globalThis.process?.env ?? {},
): Terminal {
  const isTerminal = output?.isTTY === true
  const width = isTerminal ? Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, output?.columns ?? PIPE_COLUMNS)) : PIPE_COLUMNS
  return { width, color: hasColor(isTerminal, env) }
}

function hasColor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}
