import type { ChangeVerdict, Explanation, Metric, OperationChange, RunDiff } from '../../../src/model/many-runs.ts'
import { formatWholeShare, plural } from '../../../reports/shared/numbers.ts'
import { formatChange, meanCount, pathNames, restText } from '../../../reports/shared/diff-words.ts'
import { cleanName } from '../../../reports/shared/text.ts'

/** A comparison as the page's tables and bars need it. */

/** More time, tokens or money is worse. */
export type Tone = 'bad' | 'good' | 'faint' | ''

export function toneOf(verdict: ChangeVerdict): Tone {
  switch (verdict) {
    case 'more': return 'bad'
    case 'less': return 'good'
    case 'none':
    case 'untested': return 'faint'
    case 'small':
    case 'unclear': return ''
  }
}

export const verdictTones: Readonly<Record<RunDiff['verdict'], 'bad' | 'good' | 'warn' | ''>> = {
  regression: 'bad', improvement: 'good', mixed: 'warn', none: '', 'too-few-runs': 'warn',
}

/** The path without the root, the last name first in importance: `['research', 'search_kb']`. */
export const operationNames = (operation: Pick<OperationChange, 'path' | 'renamedTo'>): string[] => pathNames(operation).map((name) => cleanName(name).replace(' -> ', ' → '))

export function countText({ count: { base, new: next } }: Pick<OperationChange, 'count'>): string {
  return base === next ? meanCount(base) : `${meanCount(base)} → ${meanCount(next)}`
}

export interface Bar {
  readonly name: string
  readonly change: number
  readonly changeText: string
  readonly shareText: string
  readonly note: string
  readonly isProven: boolean
  /** Of the room on its side, 0 to 1. */
  readonly length: number
}

/** One bar for each part of an explanation, and one for the rest: they add up to the change of the mean. */
export function barsOf(one: Explanation, { operations, method }: Pick<RunDiff, 'operations' | 'method'>): Bar[] {
  const { metric, parts, rest } = one
  const rows = parts.map(({ operation, change, share, proven }) => {
    const found = operations[operation]!
    return { name: operationNames(found).join(' › '), change, share, note: noteOf(found), isProven: proven }
  })
  const left = restText(one, method.totals.tests > 0)
  if (left !== '') rows.push({ name: left, change: rest.change, share: rest.share, note: '', isProven: false })
  const largest = Math.max(...rows.map(({ change }) => Math.abs(change)), Number.MIN_VALUE)
  return rows.map(({ share, ...row }) => ({
    ...row, changeText: formatChange(metric, row.change), length: Math.abs(row.change) / largest,
    shareText: share === undefined ? '' : share < 0 ? `-${formatWholeShare(-share)}` : formatWholeShare(share),
  }))
}

const noteOf = (operation: OperationChange): string =>
  (operation.presence === 'both' ? (operation.count.base === operation.count.new ? '' : `${countText(operation)} per run`) : operation.presence)

export const operationMetrics: readonly (readonly [Metric, string])[] = [['wallNs', 'Time'], ['selfNs', 'Self time'], ['tokens', 'Tokens'], ['costUsd', 'Cost']]

export function sideText({ runs, names, failed }: RunDiff['base']): string {
  const shown = names.slice(0, 2).map(cleanName).join(', ')
  return `${plural(runs, 'run')} of ${shown}${names.length > 2 ? ', …' : ''}${failed > 0 ? ` (${failed} failed)` : ''}`
}
