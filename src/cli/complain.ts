import { Complaint, jsonKind, type Io } from './command.ts'

/** Says what went wrong. @returns the exit code */
export function tell(error: unknown, asJson: boolean, io: Io): number {
  const known = error instanceof Complaint
  const message = error instanceof Error ? error.message : String(error)
  const hints = known ? error.hints : ['this is a mistake of spanwise; SPANWISE_DEBUG=1 shows where it happened']
  const exitCode = known ? error.exitCode : 2
  if (asJson) io.err(`${JSON.stringify({ ...jsonKind('error'), error: { message, hints, exitCode } })}\n`)
  else io.err([`spanwise: ${message}\n`, ...hints.map((hint) => `  ${hint}\n`)].join(''))
  if (io.env['SPANWISE_DEBUG'] && error instanceof Error) io.err(`${error.stack ?? ''}\n`)
  return exitCode
}
