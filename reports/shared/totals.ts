import type { Analysis } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { cachedShare, formatCost, formatShare, formatTokens, plural } from './numbers.ts'

/** The totals of a run, one text each: how long, how much, how many. They hold numbers alone, nothing that a user wrote. */
export function totalsTexts({ totals, categories, spans }: Analysis): string[] {
  const { durationNs, usage, costUsd, llmCalls, toolCalls } = totals
  const embeddings = categories.find(({ category }) => category === 'embedding')?.spans ?? 0
  const failed = (category: string): string => {
    const count = categories.find((entry) => entry.category === category)?.failed ?? 0
    return count === 0 ? '' : ` (${count} failed)`
  }
  const counts = [
    llmCalls > 0 ? plural(llmCalls, 'LLM call') + failed('llm') : 'no LLM calls',
    ...(toolCalls > 0 ? [plural(toolCalls, 'tool call') + failed('tool')] : []),
    ...(embeddings > 0 ? [plural(embeddings, 'embedding') + failed('embedding')] : []),
  ].join(' · ')
  if (spans.length === 0) return ['no spans were recorded']
  return [formatDuration(durationNs), ...(usage.calls > 0 ? [costText(costUsd), tokensText(usage)] : []), counts]
}

function costText(cost: Analysis['totals']['costUsd']): string {
  const text = formatCost(cost)
  if (text === 'unknown') return 'cost unknown'
  return cost.unknownCalls > 0 ? `${text} (${plural(cost.unknownCalls, 'call')} without price)` : text
}

function tokensText(usage: Analysis['totals']['usage']): string {
  const input = formatTokens(usage.input.total, usage)
  if (input === 'unknown') return 'tokens unknown'
  const cached = cachedShare(usage)
  const share = cached !== undefined && cached > 0 ? ` (${formatShare(cached)} cached)` : ''
  const { total, reasoning } = usage.output
  const thought = reasoning > 0 ? ` (${formatShare(reasoning / total)} reasoning)` : ''
  return `${input} tokens in${share}, ${formatTokens(total, usage)} out${thought}`
}
