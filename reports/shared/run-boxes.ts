import type { Analysis, CallSummary, SpanView } from '../../src/model/analysis.ts'
import type { Attempt } from '../../src/model/span.ts'
import type { Box } from './lanes.ts'

/** A span, or inside of a call that was retried one of its attempts, or the wait before the next. */
export interface RunBox extends Box {
  readonly name: string
  readonly span: SpanView
  readonly call?: CallSummary
  readonly part?: { readonly kind: 'attempt' | 'wait'; readonly attempt: Attempt }
}

/** Names are data and stay what they are, but for what no reader would show. */
export const nameOf = (name: string): string => (name.trim() === '' ? '(no name)' : name)
export const categoryOf = ({ span, part }: RunBox): string => part?.kind ?? (span.category || 'internal')

/**
 * What happened in a run, as boxes to lay out: box i is span i, and the attempts of retried calls follow.
 * @param toUnit whole numbers of the format's unit; it must never make a later time the smaller one
 */
export function runBoxes({ spans, calls }: Analysis, toUnit: (ns: number) => number): RunBox[] {
  const indexOf = new Map(spans.map(({ id }, index) => [id, index]))
  const boxes = spans.map((span): RunBox => {
    const parent = span.parentId === undefined ? -1 : (indexOf.get(span.parentId) ?? -1)
    const call = span.call === undefined ? undefined : calls[span.call - 1]
    return {
      name: nameOf(span.name), span, ...(call && { call }),
      start: toUnit(span.startNs), end: toUnit(span.endNs), depth: span.depth,
      // Depths that do not fit would be a circle.
      parent: spans[parent]?.depth === span.depth - 1 ? parent : -1,
    }
  })
  for (const call of calls) {
    const index = indexOf.get(call.spanId)
    const span = index === undefined ? undefined : spans[index]
    if (index === undefined || span === undefined || !wasRetried(call)) continue
    for (const { startNs, endNs, ...rest } of partsOf(call, span)) {
      boxes.push({ ...rest, span, call, start: toUnit(startNs), end: toUnit(endNs), depth: span.depth + 1, parent: index })
    }
  }
  return boxes
}

/** The one attempt of a call that went well says nothing that the call does not. */
const wasRetried = ({ attempts }: CallSummary): boolean => attempts.length > 1 || attempts.some(attemptFailed)

export const attemptFailed = ({ status, error }: Attempt): boolean => error !== undefined || (status ?? 0) >= 400

interface Part extends Pick<RunBox, 'name' | 'part'> {
  readonly startNs: number
  readonly endNs: number
}

function partsOf({ attempts }: CallSummary, { startNs, endNs }: SpanView): Part[] {
  const inside = (ns: number): number => Math.min(endNs, Math.max(startNs, ns))
  return attempts.flatMap((attempt, i): Part[] => {
    const next = attempts[i + 1]?.start ?? endNs
    const start = inside(attempt.start)
    const end = Math.max(start, inside(attempt.end ?? next))
    const why = attempt.error ?? attempt.status
    const one: Part = {
      name: `attempt ${i + 1}${why === undefined ? '' : `: ${why}`}`, startNs: start, endNs: end, part: { kind: 'attempt', attempt },
    }
    if (attempt.waitNs === undefined || attempt.waitNs <= 0) return [one]
    return [one, { name: 'wait', startNs: end, endNs: Math.max(end, inside(end + attempt.waitNs)), part: { kind: 'wait', attempt } }]
  })
}
