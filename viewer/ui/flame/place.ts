import type { Frames } from './frames.ts'

/**
 * A frame, told by a span of it, which stays the same when frames are merged in another way. On the critical path over time a span is
 * as many frames as the path came back to it.
 */
export interface Place {
  readonly span: number
  /** Which of the span's frames, 0 the first. */
  readonly again: number
}

export function placeOf({ firstSpan, spans, frameOf }: Frames, frame: number): Place {
  const span = spans[firstSpan[frame]!]!
  let again = 0
  for (let one = frameOf[span]!; one < frame; one++) if (spans[firstSpan[one]!] === span) again++
  return { span, again }
}

/** @returns the last of the span's frames where there are fewer; -1 where there is none */
export function frameOfPlace({ firstSpan, spans, frameOf, forest }: Frames, { span, again }: Place): number {
  let frame = frameOf[span]!
  let left = again
  for (let one = frame + 1; frame !== -1 && left > 0 && one < forest.count; one++) {
    if (spans[firstSpan[one]!] !== span) continue
    frame = one
    left--
  }
  return frame
}

/** As it stands in the address: the span, and `.1` for the second of its frames. */
export const placeText = ({ span, again }: Place): string => (again === 0 ? String(span) : `${span}.${again}`)

/** @param count of the run's spans */
export function placeFrom(text: string | null, count: number): Place | undefined {
  const [, span, again = '0'] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text ?? '') ?? []
  return span === undefined || Number(span) >= count ? undefined : { span: Number(span), again: Number(again) }
}
