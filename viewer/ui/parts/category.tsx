import type { JSX } from 'preact'
import { cleanName } from '../../../reports/shared/text.ts'

const KNOWN: ReadonlySet<string> = new Set(['agent', 'llm', 'tool', 'memory', 'retrieval', 'embedding', 'internal'])

/** The custom property that holds a category's colour. A user's own category keeps one colour in every picture. */
export function categoryColor(category: string): string {
  if (KNOWN.has(category)) return `--${category}`
  let sum = 0
  for (let i = 0; i < category.length; i++) sum = (sum * 31 + category.charCodeAt(i)) % 997
  return `--other-${(sum % 3) + 1}`
}

export function Swatch({ category }: { readonly category: string }): JSX.Element {
  return <span class="swatch" style={{ background: `var(${categoryColor(category)})` }} aria-hidden="true" />
}

export function CategoryName({ category }: { readonly category: string }): JSX.Element {
  return <span class="row" style={{ gap: '6px', flexWrap: 'nowrap' }}><Swatch category={category} />{cleanName(category || 'internal')}</span>
}

export function Legend({ categories }: { readonly categories: readonly string[] }): JSX.Element {
  return <ul class="legend" aria-label="Categories">{categories.map((category) => <li key={category}><CategoryName category={category} /></li>)}</ul>
}
