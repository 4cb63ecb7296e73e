import type { Outcome } from '../../model/span.ts'
import { groupBy } from '../totals.ts'
import type { Detector } from './shared.ts'

/** More kinds of failure than this are not a list to read. */
const MAX_KINDS = 10

/** ERR001: spans that failed, named where the failure began and not again at every level that it passed through. */
export const failures: Detector = ({ timeline: { spans, children } }) => {
  const passedOn = (i: number): boolean => children[i]!.some((child) => sameFailure(spans[child]!.outcome, spans[i]!.outcome))
  const began = [...spans.keys()].filter((i) => spans[i]!.outcome.state === 'failed' && !passedOn(i))
  const kinds = [...groupBy(began, (i) => JSON.stringify([spans[i]!.name, typeOf(spans[i]!.outcome)])).values()]
  kinds.sort((a, b) => b.length - a.length || a[0]! - b[0]!)
  return kinds.slice(0, MAX_KINDS).map((members) => {
    const { name, outcome } = spans[members[0]!]!
    return {
      code: 'ERR001',
      title: `${name} failed${members.length === 1 ? '' : ` ${members.length} times`}: ${describe(outcome)}`,
      spanIds: members.map((i) => spans[i]!.id),
    }
  })
}

const typeOf = (outcome: Outcome): string => (outcome.state === 'failed' ? outcome.type : outcome.state)

const sameFailure = (a: Outcome, b: Outcome): boolean =>
  a.state === 'failed' && b.state === 'failed' && a.type === b.type && a.message === b.message

const MAX_MESSAGE = 120

function describe(outcome: Outcome): string {
  if (outcome.state !== 'failed') return outcome.state
  const message = outcome.message.replace(/\s+/g, ' ').trim()
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message
  return short === '' ? outcome.type : `${outcome.type}: ${short}`
}
