import { markdownText } from '../shared/markdown.ts'
import { formatWholeShare } from '../shared/numbers.ts'

/** GitHub takes 65,536 characters in a comment. The limits on rows keep far below it unless each text is very long. */
const MAX_TEXT = 400

/**
 * Text of our own with numbers in it, and perhaps names as code. Two tildes in a line strike out what is between them; an angle
 * bracket opens a tag.
 */
export const number = (text: string): string =>
  text.replace(/(`[^`\n]*`|<\/?code>)|[~<]/g, (sign, code: string | undefined) => code ?? (sign === '~' ? '\\~' : '&lt;'))

export const shareOf = (partNs: number, wholeNs: number): string => number(formatWholeShare(wholeNs > 0 ? partNs / wholeNs : 0))

export function short(text: string): string {
  return markdownText(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)
}

export const withMore = (text: string, more: number, what: string): string => (more > 0 ? `${text}\n\nand ${more} more ${what}` : text)

/**
 * Folded away behind one line. @returns nothing when there is nothing to fold
 * @param summary without names: it is HTML, where Markdown's escapes would be read as they stand
 */
export const folded = (summary: string, texts: readonly string[]): string => {
  const shown = texts.filter((text) => text !== '')
  return shown.length === 0 ? '' : ['<details>', `<summary>${summary.replaceAll('<', '&lt;')}</summary>`, '', shown.join('\n\n'), '', '</details>'].join('\n')
}

/** A list of texts that are Markdown already. */
export const bullets = (texts: readonly string[]): string => texts.map((text) => `- ${text}`).join('\n')
