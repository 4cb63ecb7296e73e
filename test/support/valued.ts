import type { Span, Trace } from '../../src/model/span.ts'
import type { SpanValues } from '../../src/model/values.ts'
import { msToNs } from '../../src/model/units.ts'
import { draw, idOf } from '../draw.ts'

/** What a recording noted of a span's values: names of spans and milliseconds, `seen` unless said otherwise. */
export interface Noted {
  readonly known?: number
  readonly shares?: readonly string[] | 'all'
  readonly from?: readonly string[]
  readonly seen?: false
}

/** A drawn trace whose spans have values, by name. */
export function withValues(drawing: string, noted: Readonly<Record<string, Noted>>, more: Partial<Record<string, Partial<Span>>> = {}): Trace {
  const trace = draw(drawing)
  const ids = (names: readonly string[]): string[] => names.map((name) => idOf(trace, name))
  const valuesOf = ({ known, shares, from, seen }: Noted): SpanValues => ({
    ...(from !== undefined && { from: ids(from).map((spanId) => ({ spanId, kind: 'identifier' as const, count: 1 })) }),
    ...(shares !== undefined && { shares: shares === 'all' ? shares : ids(shares) }),
    ...(known !== undefined && { knownAt: msToNs(known) }),
    ...(seen !== false && { seen: true as const }),
  })
  const spans = trace.spans.map((span): Span => {
    const own = Object.entries(noted).find(([name]) => idOf(trace, name) === span.id)?.[1]
    return { ...span, ...(own !== undefined && { values: valuesOf(own) }), ...more[span.name] }
  })
  return { ...trace, spans }
}
