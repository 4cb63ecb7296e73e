import type { Analysis, CallSummary, ModelTotals } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { cachedShare, formatCost, formatCount, formatTokens, formatWholeShare } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { table, type Column } from '../shared/table.ts'
import { cleanName } from '../shared/text.ts'

const MAX_MODELS = 10

/** Tokens, money and speed by model. */
export function models({ models: all, calls }: Analysis, page: Page): Line[] {
  if (all.length === 0) return []
  const speeds = speedsByModel(calls)
  const shown = all.slice(0, MAX_MODELS)
  const provider: Column<ModelTotals> = {
    title: 'provider', align: 'left', text: (model) => cleanName(model.provider), drop: 3,
  }
  const columns: Column<ModelTotals>[] = [
    { title: '', text: ({ model }) => cleanName(model) },
    ...(new Set(all.map((model) => model.provider)).size > 1 ? [provider] : []),
    { title: 'calls', text: ({ calls: count }) => formatCount(count) },
    { title: 'in', text: ({ usage }) => formatTokens(usage.input.total, usage) },
    { title: 'cached', text: ({ usage }) => formatCached(usage) },
    { title: 'out', text: ({ usage }) => formatTokens(usage.output.total, usage) },
    { title: 'cost', text: ({ usage, costUsd }) => (usage.calls === 0 ? '–' : formatCost(costUsd)) },
    { title: 'TTFT p50', text: ({ ttftNs }) => (ttftNs === undefined ? '–' : formatDuration(ttftNs.p50)), drop: 1 },
    { title: 'tok/s', text: ({ model }) => formatSpeed(speeds.get(model)), drop: 2 },
  ]
  const lines = table(heading('Models'), columns, shown, page)
  return all.length > shown.length ? [...lines, [piece(`  and ${all.length - shown.length} more models`, sgr.dim)]] : lines
}

function formatCached(usage: ModelTotals['usage']): string {
  const share = cachedShare(usage)
  return share === undefined ? '–' : formatWholeShare(share)
}

const formatSpeed = (speeds: readonly number[] = []): string => {
  const median = Float64Array.from(speeds).sort()[Math.ceil(speeds.length / 2) - 1]
  return median === undefined ? '–' : median < 9.95 ? median.toFixed(1) : formatCount(median)
}

function speedsByModel(calls: readonly CallSummary[]): Map<string, number[]> {
  const speeds = new Map<string, number[]>()
  for (const { requestModel, responseModel, outputTokensPerSecond } of calls) {
    const model = responseModel ?? requestModel
    if (model === undefined || outputTokensPerSecond === undefined) continue
    const known = speeds.get(model)
    if (known === undefined) speeds.set(model, [outputTokensPerSecond])
    else known.push(outputTokensPerSecond)
  }
  return speeds
}
