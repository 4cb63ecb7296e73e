import type { Analysis } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { cachedShare, formatCost, formatShare, formatTokens, plural } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { clean, cleanName, fit, widthOf, wrap } from '../shared/text.ts'

const GAP = 3

/** What ran, how it ended, and the totals. */
export function headline(analysis: Analysis, page: Page): Line[] {
  const name = fit(cleanName(analysis.run.name), Math.floor(page.width / 2))
  const items = totals(analysis)
  const indent = Math.min(widthOf(name), 24) + GAP
  const lines: Line[] = []
  let line: Line = [heading(name)]
  let used = widthOf(name)
  for (const item of items) {
    if (used + GAP + widthOf(item) > page.width && used > indent) {
      lines.push(line)
      line = [piece(' '.repeat(indent) + item)]
      used = indent + widthOf(item)
    } else {
      line = [...line, piece(' '.repeat(GAP) + item)]
      used += GAP + widthOf(item)
    }
  }
  return [...lines, line, ...ending(analysis, page)]
}

function totals({ totals: { durationNs, usage, costUsd, llmCalls, toolCalls }, categories, spans }: Analysis): string[] {
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

function ending({ run: { outcome } }: Analysis, page: Page): Line[] {
  switch (outcome.state) {
    case 'ok':
      return []
    case 'open':
      return [[piece('not ended: this is the run as far as it was recorded', sgr.warn)]]
    case 'cancelled':
      return [[piece('cancelled before it was done', sgr.warn)]]
    case 'failed': {
      const message = clean(`failed   ${cleanName(outcome.type)}: ${clean(outcome.message)}`)
      return wrap(`✗ ${message}`, page.textWidth - 2, 3)
        .map((text, index) => [piece(index === 0 ? text : `  ${text}`, sgr.bad)])
    }
  }
}
