import type { Analysis } from '../../../src/model/analysis.ts'
import { categoryFill } from '../category.ts'
import { piece, sgr, type Line, type Page } from '../page.ts'
import { clean, fit, flow } from '../text.ts'
import { glyphs, type Canvas } from './bars.ts'

/** The signs that the chart uses, and no others. */
export function legend(canvases: readonly Canvas[], grouped: boolean, { categories }: Analysis, page: Page): Line[] {
  const used = new Set(canvases.flatMap(({ chars }) => chars))
  const signs: [string, string][] = [
    [glyphs.waiting, 'to the first token'],
    [categoryFill('llm'), used.has(glyphs.waiting) ? 'generating' : 'model'],
  ]
  for (const category of ['tool', 'memory', 'retrieval', 'internal']) signs.push([categoryFill(category), category])
  const own = categories.map(({ category }) => category).filter((category) => categoryFill(category) === '█')
  signs.push(['█', own.length === 1 ? fit(clean(own[0] ?? ''), 20) : 'other'])
  signs.push([glyphs.attempt, 'failed attempt'], [glyphs.backoff, 'wait before the next'])
  signs.push([glyphs.failed, 'failed'], [glyphs.open, 'not ended'])
  const entries = signs.filter(([sign]) => used.has(sign)).map(([sign, meaning]) => `${sign} ${meaning}`)
  if (grouped) entries.push('×n: total of n spans')
  return flow(entries, page.textWidth - 2, '   ').map((line) => [piece(`  ${line}`, sgr.dim)])
}
