import { formatDuration, NS_PER_S } from '../../../src/model/units.ts'
import { widthOf } from '../text.ts'
import { columnOf, type Scale } from './bars.ts'

/** `0 s ─── 1 s ─── 2 s ─── 2.41 s`: each label begins at its moment, the last one ends at the end. */
export function axis(scale: Scale): string {
  const { startNs, endNs, columns } = scale
  const last = ` ${formatDuration(endNs - startNs)}`
  let line = '0 s '
  for (const tick of ticks(endNs - startNs, columns)) {
    const at = Math.floor(columnOf(startNs + tick, scale) + 1e-9)
    const label = `${tickLabel(tick)} `
    if (at < widthOf(line) + 2) continue
    if (at + widthOf(label) + 2 + widthOf(last) > columns) break
    line += `${'─'.repeat(at - widthOf(line) - 1)} ${label}`
  }
  return `${line}${'─'.repeat(Math.max(0, columns - widthOf(line) - widthOf(last)))}${last}`
}

/** Round moments, with room for each one's label. */
function ticks(rangeNs: number, columns: number): number[] {
  if (!(rangeNs > 0)) return []
  const nsPerColumn = rangeNs / columns
  let step = roundStep(nsPerColumn * 8)
  const labels = widthOf(tickLabel(Math.floor(rangeNs / step) * step))
  if (step < nsPerColumn * (labels + 4)) step = roundStep(nsPerColumn * (labels + 4))
  const count = step > 0 ? Math.min(100, Math.floor(rangeNs / step)) : 0
  return Array.from({ length: count }, (_, index) => (index + 1) * step)
}

const MINUTES = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 36_000, 86_400].map((seconds) => seconds * NS_PER_S)

function roundStep(atLeastNs: number): number {
  if (!(atLeastNs > 0)) return 0
  if (atLeastNs > 30 * NS_PER_S) return MINUTES.find((step) => step >= atLeastNs) ?? 0
  const decade = 10 ** Math.floor(Math.log10(atLeastNs))
  const step = [1, 2, 5].find((factor) => factor * decade >= atLeastNs) ?? 10
  return step * decade
}

/** `2 s` rather than `2.00 s`: a tick is exact. */
const tickLabel = (ns: number): string =>
  formatDuration(ns).replace(/\.0+(?= )/, '').replace(/(\.\d*?)0+(?= )/, '$1').replace(/ 0 (?:s|min)$/, '')
