import { jsonKind, type Input, type Io } from './command.ts'

/** The process as the options want it seen: the look of a page, and messages as JSON lines beside a JSON document. A program and standard input come once. */
export function asAsked(input: Input, io: Io, mayBeginAnew: boolean): Io {
  const width = input.number('width', 40)
  const look = <T extends Io['terminal']>(terminal: T): T => ({
    ...terminal,
    ...(width !== undefined && { width }),
    ...(input.flag('color') && { color: true }),
    ...(input.flag('no-color') && { color: false }),
    ...(input.flag('ascii') && { ascii: true }),
  })
  const { out, err, drained, stdin, cwd, env, nowEpochMs, withRoom } = io
  return {
    out, stdin, cwd, env, nowEpochMs,
    ...(drained !== undefined && { drained }),
    ...(withRoom !== undefined && mayBeginAnew && { withRoom }),
    err: input.flag('json') ? (text) => err(messageLine(text)) : err,
    get home() { return io.home },
    get terminal() { return look(io.terminal) },
    get errorTerminal() {
      const { isTerminal, ...rest } = look(io.errorTerminal)
      return { ...rest, isTerminal: isTerminal && !input.flag('json') }
    },
  }
}

function messageLine(text: string): string {
  const message = text.trim().replace(/^spanwise: /, '')
  return message === '' ? '' : `${JSON.stringify({ ...jsonKind('message'), message })}\n`
}
