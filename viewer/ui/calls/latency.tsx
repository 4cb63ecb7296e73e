import type { JSX } from 'preact'
import { useId, useMemo } from 'preact/hooks'
import { formatCount } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import type { PrefillLatency } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { ticks } from '../canvas/range.ts'
import { useRun } from '../run/run-context.ts'
import { isDrawn, latencyPoints, latencyText, most, pictureText } from './latency-points.ts'

const MOST_MODELS = 6

/** What reading a prompt takes, and what a cache would save of it. */
export function Latency(): JSX.Element | null {
  const { run } = useRun()
  const drawn = run.analysis.latency.filter(isDrawn).slice(0, MOST_MODELS)
  if (drawn.length === 0) return null
  return (
    <section class="card" aria-labelledby="latency-title">
      <div class="card-head">
        <h2 id="latency-title">Time to first token by uncached input</h2>
        <p class="faint small">Of the answering attempt; without retries and waits.</p>
      </div>
      <div class="latency">{drawn.map((one) => <Picture key={`${one.provider} ${one.model}`} latency={one} />)}</div>
    </section>
  )
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [480, 210, 58, 34, 10, 14]

function Picture({ latency }: { readonly latency: PrefillLatency }): JSX.Element {
  const { run } = useRun()
  const id = useId()
  const points = useMemo(() => latencyPoints(run.analysis.calls, latency), [run, latency])
  const [right, top] = [Math.max(1, most(points.map(({ tokens }) => tokens)) * 1.05), Math.max(1, most(points.map(({ ns }) => ns)) * 1.12)]
  const x = (tokens: number): number => LEFT + (tokens / right) * (WIDTH - LEFT - RIGHT)
  const y = (ns: number): number => HEIGHT - BOTTOM - (ns / top) * (HEIGHT - BOTTOM - TOP)
  const { fit, tokens: { low, high } } = latency
  const lineAt = (tokens: number): number => (fit === undefined ? 0 : y(Math.max(0, fit.interceptNs + (fit.nsPerThousandTokens * tokens) / 1_000)))
  return (
    <figure>
      <h3>{cleanName(latency.model)} <span class="faint small">{formatCount(latency.calls)} calls</span></h3>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={pictureText(points)} aria-describedby={id}>
        {ticks({ from: 0, to: top }, 4).map((ns) => <g key={ns}><line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(ns)} y2={y(ns)} /><text x={LEFT - 8} y={y(ns) + 4} text-anchor="end">{ns === 0 ? '0' : formatDuration(ns)}</text></g>)}
        {ticks({ from: 0, to: right }, 5).map((tokens) => <text key={tokens} x={x(tokens)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">{formatCount(tokens)}</text>)}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 3} text-anchor="middle" class="axis">input tokens that no cache gave</text>
        {fit !== undefined && <line class="fit" x1={x(low)} x2={x(high)} y1={lineAt(low)} y2={lineAt(high)} />}
        {/* One path: a dot is a line of no length with round ends. */}
        <path class="dots" d={points.map(({ tokens, ns }) => `M${x(tokens).toFixed(1)} ${y(ns).toFixed(1)}h0`).join('')} />
      </svg>
      <figcaption id={id} class="small muted">{latencyText(latency)}</figcaption>
    </figure>
  )
}
