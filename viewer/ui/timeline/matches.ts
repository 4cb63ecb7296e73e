import { clean } from '../../../reports/shared/text.ts'
import { modelOf } from '../../../reports/shared/phases.ts'
import type { RunModel } from '../run/run-model.ts'

/** What a search found. */
export interface Matches {
  /** In order of start. */
  readonly all: readonly number[]
  /** 1 for each span found. */
  readonly isIn: Uint8Array
}

/**
 * Spans whose name, category, model or error has all of the words.
 * @returns undefined for a search without words
 */
export function findSpans(run: RunModel, text: string): Matches | undefined {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return undefined
  const { spans, count } = run
  // Nearly all that can be searched is the same for many spans.
  const known = new Map<string, boolean>()
  const isIn = new Uint8Array(count)
  const all: number[] = []
  for (let i = 0; i < count; i++) {
    const failure = spans.details[i]?.failure
    const call = run.call(i)
    const key = `${spans.name[i]},${spans.category[i]}`
    let found: boolean
    if (failure === undefined && call === undefined) {
      const before = known.get(key)
      found = before ?? hasAll(`${run.name(i)} ${run.category(i)}`, words)
      if (before === undefined) known.set(key, found)
    } else {
      const more = `${call === undefined ? '' : `${modelOf(call)} ${call.provider}`} ${failure === undefined ? '' : clean(`${failure.type} ${failure.message}`)}`
      found = hasAll(`${run.name(i)} ${run.category(i)} ${more}`, words)
    }
    if (!found) continue
    isIn[i] = 1
    all.push(i)
  }
  return { all, isIn }
}

function hasAll(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase()
  return words.every((word) => lower.includes(word))
}

/** Number of the match to go to next. @param at that of now; -1: none yet */
export function stepTo(count: number, at: number, step: 1 | -1): number {
  if (count === 0) return -1
  return at === -1 ? (step === 1 ? 0 : count - 1) : (at + step + count) % count
}
