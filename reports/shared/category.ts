import type { Category } from '../../src/model/span.ts'
import { sgr } from './page.ts'

/** The colour of a category. */
export function categoryStyle(category: Category): string {
  switch (category) {
    case 'llm':
    case 'embedding':
      return sgr.cyan
    case 'tool':
      return sgr.yellow
    case 'memory':
      return sgr.magenta
    case 'retrieval':
      return sgr.blue
    case 'agent':
    case 'internal':
      return sgr.dim
    default:
      return sgr.green
  }
}

/** The fill of a category's bars, so that they differ without colour too. */
export function categoryFill(category: Category): string {
  switch (category) {
    case 'llm':
    case 'embedding':
      return '▓'
    case 'tool':
      return '▒'
    case 'memory':
      return '▚'
    case 'retrieval':
      return '▞'
    case 'agent':
      return '━'
    case 'internal':
      return '─'
    default:
      return '█'
  }
}
