import { clean, cleanName } from './text.ts'

/**
 * User data in Markdown as GitHub, GitLab and CommonMark read it. Names and messages are written by users, models and web pages:
 * none of them may format, link, load an image, mention a person, refer to an issue, or end a table's row.
 */

/** Splits a text without being seen: autolinks, mentions and references are found in the text between tags. */
const SPLIT = '<!-- -->'
const MARKS = /[\\*{}[\]|~$^]/g
/** Inside a word an underscore is only a letter. */
const EDGE_UNDERSCORES = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '`': '&grave;' }

/** Running text, in the middle of a line. */
export function markdownText(text: string): string {
  return clean(text)
    .replace(/[&<>`]/g, (sign) => ENTITIES[sign] ?? sign)
    .replace(MARKS, (mark) => `\\${mark}`)
    .replace(EDGE_UNDERSCORES, '\\_')
    .replace(/@/g, `@${SPLIT}`)
    .replace(/#(?=\w)/g, `#${SPLIT}`)
    .replace(/\bGH-(?=\d)/gi, (reference) => `${reference.slice(0, 2)}${SPLIT}-`)
    .replace(/:(?=\/\/)/g, `:${SPLIT}`)
    .replace(/\b(?:www)(?=\.)/gi, (www) => `${www}${SPLIT}`)
    .replace(/\b(mailto|xmpp):/gi, (_, scheme: string) => `${scheme}${SPLIT}:`)
}

/** A name as code, which no renderer reads for anything else. Fits into a table. */
export function markdownCode(name: string): string {
  const text = cleanName(name)
  // A code span in a table has no way to hold these; in HTML every sign has its number.
  if (!/[`|\\]/.test(text)) return `\`${text}\``
  return `<code>${text.replace(/[^\p{L}\p{N}\p{M} ]/gu, (sign) => `&#${sign.codePointAt(0) ?? 0};`)}</code>`
}

/** Lines of clean text as they are, in a fence that none of them can close. */
export function markdownCodeBlock(lines: string): string {
  const longest = Math.max(2, ...(lines.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${lines}\n${fence}`
}

/** A table of cells that are Markdown already; the first `left` columns are texts, the others numbers. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(titles), `|${titles.map((_, index) => (index < left ? ':--' : '--:')).join('|')}|`, ...rows.map(line)].join('\n')
}
