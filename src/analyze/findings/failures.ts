import type { Outcome } from '../../model/span.ts'
import { listOf } from '../children.ts'
import { groupBy } from '../group-by.ts'
import type { Detector } from './shared.ts'

/** More kinds of failure than this are not a list to read. */
const MAX_KINDS = 10
const MAX_CODES = 8

/** ERR001: spans that failed, named where the failure began and not again at every level that it passed through. */
export const failures: Detector = ({ timeline: { spans, children, failed } }) => {
  const passedOn = (i: number): boolean => listOf(children, i).some((child) => sameFailure(spans[child]!.outcome, spans[i]!.outcome))
  const began: number[] = []
  for (let i = failed.indexOf(1); i !== -1; i = failed.indexOf(1, i + 1)) if (!passedOn(i)) began.push(i)
  const kinds = [...groupBy(began, (i) => JSON.stringify([spans[i]!.name, ...kindOf(spans[i]!.outcome)])).values()]
  kinds.sort((a, b) => b.length - a.length || a[0]! - b[0]!)
  return kinds.slice(0, MAX_KINDS).map((members) => ({
    code: 'ERR001',
    title: `${spans[members[0]!]!.name} failed${members.length === 1 ? '' : ` ${members.length} times`}`
      + describe(members.map((i) => spans[i]!.outcome)),
    spanIds: members.map((i) => spans[i]!.id),
  }))
}

/** Its type, and what its message says whatever it names: numbers, ids and quoted words differ from one failure to the next of a kind. */
function kindOf(outcome: Outcome): readonly string[] {
  if (outcome.state !== 'failed') return [outcome.state]
  return [outcome.type, oneLine(outcome.message).slice(0, MAX_MESSAGE).replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"').replace(/\b[0-9a-f]{8,}\b|\d+/gi, '#')]
}

const sameFailure = (a: Outcome, b: Outcome): boolean =>
  a.state === 'failed' && b.state === 'failed' && a.type === b.type && a.message === b.message

const MAX_MESSAGE = 120
const EXIT_CODE = /^exit code (\d+)$/

/** What failures of one kind have in common: the message where it is the same, the exit codes where those are all, else one of them. */
function describe(outcomes: readonly Outcome[]): string {
  const failed = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? outcome : []))
  const [first] = failed
  if (first === undefined) return `: ${outcomes[0]!.state}`
  const codes = failed.flatMap(({ message }) => EXIT_CODE.exec(message)?.[1] ?? [])
  if (codes.length === failed.length && new Set(codes).size > 1) return `: ${first.type}: exit codes ${counted(codes)}`
  const message = oneLine(first.message)
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message
  const example = failed.every((one) => oneLine(one.message) === message) ? '' : ', for example'
  return `${example}: ${short === '' ? first.type : `${first.type}: ${short}`}`
}

function counted(codes: readonly string[]): string {
  const groups = [...groupBy(codes, (code) => code)].sort(([a], [b]) => Number(a) - Number(b))
  const shown = groups.slice(0, MAX_CODES).map(([code, { length }]) => (length === 1 ? code : `${code} (${length} times)`))
  return `${shown.join(', ')}${groups.length > MAX_CODES ? ` and ${groups.length - MAX_CODES} more` : ''}`
}

const oneLine = (message: string): string => message.replace(/\s+/g, ' ').trim()
