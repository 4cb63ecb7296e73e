import stringWidth from 'fast-string-width'

/**
 * Text for terminals: what a name or a message may look like there, and how many columns it takes.
 *
 * Names and messages are the data of users and models. Nothing in them may act on the terminal or pretend to be another line:
 * escape sequences are cut out whole, other controls become visible signs, and what has no width of its own is dropped.
 */

const PLAIN = /^[\x20-\x7e]*$/
const ESC = '\u001b'
const END = `(?:\u0007|${ESC}\\\\|\u009c)`
/** Escape sequences in their 7-bit and 8-bit forms (ECMA-48): CSI; OSC, DCS, SOS, PM and APC up to their end; short ones. */
const SEQUENCES = new RegExp([
  `(?:${ESC}\\[|\u009b)[0-?]*[ -/]*[@-~]`,
  `(?:${ESC}[\\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007${ESC}\u009c]*${END}`,
  `${ESC}[ -/]*[0-~]`,
].join('|'), 'g')
const BREAKS = /[\t\n\v\f\r\x85\u2028\u2029]+/g
const EMOJI = /(?:\p{Emoji}\uFE0F\u20E3?|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}?|\p{Emoji_Presentation})/u.source
/** Joiners inside an emoji stay; all other format characters (bidi controls, zero width, tags) go. */
const FORMATS = new RegExp(`(${EMOJI}(?:\\u200D${EMOJI})+)|\\p{Cf}+`, 'gu')
const CONTROLS = /[\p{Cc}\p{Cs}]/gu
const MARK_PILES = /(\p{M}{4})\p{M}+/gu
const LEADING_MARKS = /^\p{M}+/u
/** What a line can use of one text; also what keeps the expressions above from long work. */
const MAX_CHARS = 2_000

/** The text as it may stand in a line of a terminal. Cleaning twice gives the same as once. */
export function clean(text: string, maxChars: number = MAX_CHARS): string {
  const head = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  if (PLAIN.test(head)) return head.trim()
  return head
    .replace(SEQUENCES, '')
    .replace(BREAKS, ' ')
    .replace(FORMATS, (_, emoji: string | undefined) => emoji ?? '')
    .replace(CONTROLS, controlPicture)
    .replace(MARK_PILES, '$1')
    .trim()
    .replace(LEADING_MARKS, '')
}

/** A span's or model's name; never empty. */
export const cleanName = (name: string): string => clean(name, 300) || '(no name)'

/** A sign that shows which control character stood there. */
export function controlPicture(control: string): string {
  const code = control.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '\ufffd'
}

/** Columns that a clean text takes. */
export const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text))

/** @returns the text, cut with an ellipsis where it is wider than `width` columns; characters are never cut in two */
export function fit(text: string, width: number): string {
  if (text.length <= width && PLAIN.test(text)) return text
  if (widthOf(text) <= width) return text
  return width < 1 ? '' : `${head(text, width - 1).trimEnd()}…`
}

/** `fit`, then filled with spaces to exactly `width` columns. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fitted = fit(text, width)
  const gap = ' '.repeat(Math.max(0, width - widthOf(fitted)))
  return align === 'left' ? fitted + gap : gap + fitted
}

/** Made when first needed: loading its data takes seven milliseconds, which every start of a process would pay. */
let segmenter: Intl.Segmenter | undefined
const graphemes = (text: string): Intl.Segments => (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })).segment(text)

/** The longest beginning that takes at most `width` columns. */
function head(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, width)
  let end = 0
  let used = 0
  for (const { segment } of graphemes(text)) {
    used += widthOf(segment)
    if (used > width) break
    end += segment.length
  }
  return text.slice(0, end)
}

/** Spaces at which a line may break: not between a number and its unit. */
const SPACES = / (?!(?<=\d )(?:%|[nµm]?s|min|h)(?![\p{L}\d]))/u

/** Breaks a text at spaces into lines of at most `width` columns; longer words are broken inside. */
export function wrap(text: string, width: number, maxLines: number = Infinity): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(SPACES)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= width) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (widthOf(line) > width) {
      // A character wider than the column still has to go somewhere.
      const part = head(line, width) || String.fromCodePoint(line.codePointAt(0) ?? 0x20)
      lines.push(part)
      line = line.slice(part.length)
    }
  }
  if (line !== '') lines.push(line)
  if (lines.length <= maxLines) return lines
  return [...lines.slice(0, maxLines - 1), fit(lines.slice(maxLines - 1).join(' '), width)]
}

/** Entries one after another, as many in a line as fit into `width` columns; none is broken. */
export function flow(entries: readonly string[], width: number, separator: string): string[] {
  const lines: string[] = []
  for (const entry of entries) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + separator.length + widthOf(entry) <= width) {
      lines[lines.length - 1] = last + separator + entry
    } else lines.push(entry)
  }
  return lines
}

const ASCII: Readonly<Record<string, string>> = {
  '░': ':', '▒': '=', '▓': '#', '▚': '%', '▞': '&', '━': '_', '─': '-', '·': '.', '…': '~', '←': '<', '→': '>', '×': 'x',
  '✗': 'X', '≥': '>', 'µ': 'u', '–': '-',
  '█': '#', '▉': '#', '▊': '#', '▋': '#', '▌': '=', '▍': '=', '▎': '-', '▏': '-',
}

/** The same line in ASCII, column for column. */
export function toAscii(line: string): string {
  if (PLAIN.test(line)) return line
  let out = ''
  for (const { segment } of graphemes(line)) {
    out += PLAIN.test(segment) ? segment : (ASCII[segment] ?? '?'.repeat(widthOf(segment)))
  }
  return out
}
