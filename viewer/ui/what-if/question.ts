import type { Answer, Question, RunColumns } from '../../../src/analyze/what-if.ts'
import type { Replay } from '../../../src/model/replay.ts'

/** What is asked of the simulation, as it stands in the address. */
export interface Asked {
  /** Numbers of findings whose change is made, in order. */
  readonly findings: readonly number[]
  readonly schedule: 'measured' | 'proven' | 'possible'
  /** Undefined: no limit. */
  readonly limit: number | undefined
}

/** @param finding the one that a link named, until somebody chooses others */
export function askedOf(query: URLSearchParams, finding: number | undefined, replay: Replay): Asked {
  const listed = query.get('with')
  const numbers = listed === null ? [finding ?? -1] : listed.split(',').filter((one) => one !== '').map(Number)
  const schedule = query.get('schedule')
  const limit = Number(query.get('limit'))
  const isDefault = listed === null && finding === undefined && schedule === null
  return {
    findings: [...new Set(numbers)].filter((number) => (replay.changes[number] ?? null) !== null).sort((a, b) => a - b),
    schedule: schedule === 'possible' || schedule === 'measured' ? schedule : schedule === 'proven' || isDefault ? 'proven' : 'measured',
    limit: Number.isSafeInteger(limit) && limit > 0 ? limit : undefined,
  }
}

/** For the address. */
export const inAddress = ({ findings, schedule, limit }: Asked): Readonly<Record<'with' | 'schedule' | 'limit', string | number | undefined>> =>
  ({ with: findings.join(','), schedule, limit })

export function questionOf({ findings, schedule, limit }: Asked, replay: Replay): Question {
  return {
    change: findings.flatMap((number) => replay.changes[number] ?? []),
    ...(schedule !== 'measured' && { schedule }),
    ...(limit !== undefined && { concurrency: limit }),
  }
}

/** @returns 1 for spans that the findings themselves make shorter, not only what is in them; undefined where there are none */
export function shortenedBy({ findings }: Asked, replay: Replay, { start, end }: Pick<RunColumns, 'start' | 'end'>, answer: Pick<Answer, 'start' | 'end'>): Uint8Array | undefined {
  const shortened = new Uint8Array(start.length)
  for (const number of findings) {
    for (const span of replay.changes[number]?.shorter?.spans ?? []) {
      if (span in start && answer.end[span]! - answer.start[span]! < end[span]! - start[span]!) shortened[span] = 1
    }
  }
  return shortened.includes(1) ? shortened : undefined
}
