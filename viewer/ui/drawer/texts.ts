import { controlPicture } from '../../../reports/shared/text.ts'

/** Texts of prompts, answers and tools, of several lines, as they are shown: the data of users, models and web pages. */

/** Longer ones are shown in part until somebody asks for all. */
const SHOWN_CHARS = 1_500
/** Longer ones are not tried: an object of that size is not read by eye. */
const MAX_JSON_CHARS = 200_000

/** Overrides and isolates of the direction of writing, which let a text pretend to be another; and what has no width. */
const UNSEEN = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu
const CONTROLS = /[\p{Cc}\p{Cs}]/gu

/** The text with its lines and indentation, without anything that acts instead of being read. */
export const cleanBlock = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replace(UNSEEN, '').replace(CONTROLS, (control) => (control === '\n' || control === '\t' ? control : controlPicture(control)))

/** Objects and lists of JSON with a line each; anything else as it is. */
export function readable(text: string): string {
  if (text.length > MAX_JSON_CHARS || !/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

/** The beginning of a text, at the end of a line where one is near. */
export function beginningOf(text: string, chars: number = SHOWN_CHARS): string {
  if (text.length <= chars) return text
  const line = text.lastIndexOf('\n', chars)
  const end = line > chars * 0.7 ? line : chars
  // Not in the middle of a character.
  return text.slice(0, /[\ud800-\udbff]/.test(text[end - 1] ?? '') ? end - 1 : end)
}
