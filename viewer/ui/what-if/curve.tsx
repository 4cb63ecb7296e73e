import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { CurvePoint, WhatIf } from '../../../src/analyze/what-if.ts'
import type { Replay } from '../../../src/model/replay.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { questionOf, type Asked } from './question.ts'

interface CurveProps {
  readonly asked: Asked
  readonly replay: Replay
  readonly simulation: WhatIf
  readonly most: number
  readonly onChange: (changes: Partial<Asked>) => void
}

const WIDTH = 420
const HEIGHT = 92
const LEFT = 58
const BOTTOM = 20

/** What each concurrency buys, and from where on nothing is gained. Each point can be chosen. */
export function Curve({ asked, replay, simulation, most, onChange }: CurveProps): JSX.Element | null {
  const { limit: _limit, ...rest } = asked
  const key = JSON.stringify(rest)
  const [points, setPoints] = useState<readonly CurvePoint[]>([])
  useEffect(() => {
    // After the run itself is drawn: a long run is simulated two dozen times for it.
    const timer = setTimeout(() => setPoints(simulation.curve(questionOf({ ...asked, limit: undefined }, replay), most)), 30)
    return () => clearTimeout(timer)
  }, [simulation, key, most])
  const longest = Math.max(...points.map(({ durationNs }) => durationNs))
  const shortest = Math.min(...points.map(({ durationNs }) => durationNs))
  if (points.length < 2 || longest === shortest) return null
  const enough = points.find(({ durationNs }) => durationNs <= shortest)!
  const x = (concurrency: number): number => LEFT + ((concurrency - 1) / Math.max(1, most - 1)) * (WIDTH - LEFT - 12)
  const y = (durationNs: number): number => 10 + ((longest - durationNs) / (longest - shortest)) * (HEIGHT - BOTTOM - 18)
  const line = points.map(({ concurrency, durationNs }, i) => `${i === 0 ? 'M' : 'L'}${x(concurrency).toFixed(1)} ${y(durationNs).toFixed(1)}`).join('')
  // What is small can be met; but no point lies under another one's surroundings.
  const reach = Math.min(14, Math.max(5, (x(2) - x(1)) / 2))
  const choose = (concurrency: number): void => onChange({ limit: concurrency >= most ? undefined : concurrency })
  return (
    <figure class="what-if-part what-if-curve">
      <figcaption class="muted">
        What the limit buys: {formatDuration(longest)} with {points.find(({ durationNs }) => durationNs === longest)!.concurrency} at once, {formatDuration(shortest)} from {enough.concurrency} on.
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Duration by limit: ${points.map(({ concurrency, durationNs }) => `${concurrency}: ${formatDuration(durationNs)}`).join(', ')}`}>
        {[longest, shortest].map((ns) => (
          <g key={ns}>
            <line class="grid" x1={LEFT} x2={WIDTH - 12} y1={y(ns)} y2={y(ns)} />
            <text x={LEFT - 8} y={y(ns) + 4} text-anchor="end">{formatDuration(ns)}</text>
          </g>
        ))}
        <path d={line} />
        {points.map(({ concurrency, durationNs }) => (
          <g key={concurrency} onClick={() => choose(concurrency)}>
            <circle class="hit" cx={x(concurrency)} cy={y(durationNs)} r={reach} />
            <circle class={concurrency === (asked.limit ?? most) ? 'chosen' : ''} cx={x(concurrency)} cy={y(durationNs)} r={concurrency === (asked.limit ?? most) ? 5 : 3} />
          </g>
        ))}
        <text x={x(1)} y={HEIGHT - 4} text-anchor="middle">1</text>
        {enough.concurrency > 1 && <text x={x(enough.concurrency)} y={HEIGHT - 4} text-anchor="middle">{enough.concurrency}</text>}
        {most - enough.concurrency > 0 && <text x={x(most)} y={HEIGHT - 4} text-anchor="middle">∞</text>}
      </svg>
    </figure>
  )
}
