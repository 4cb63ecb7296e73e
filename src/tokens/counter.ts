import { mergeLong, mergeShort, SHORT_PIECE } from './merge.ts'
import { NO_RANK, type RankTable } from './table.ts'

/** UTF-16 code units that are looked at together. A window ends where every pattern would end a piece. */
const WINDOW = 16_384
/**
 * Text without any such place is cut after this many units. That is the only inexactness of the counter: a run of more than
 * 131,072 letters, spaces or emoji may count a token too many for each cut.
 */
const MAX_WINDOW = 131_072
const UNITS_PER_STEP = 4_096

/**
 * After a letter that no letter, mark or apostrophe follows, and after a number that no number follows: what comes before
 * such a place and what comes after it are cut into the same pieces alone as together, in both encodings.
 */
const SAFE_END = /\p{L}(?=[^\p{L}\p{M}\p{Cs}'])|\p{N}(?=[^\p{N}\p{Cs}])/gu

/** Room for a piece of as many code units, at three bytes each. */
const scratch = new Uint8Array(3 * SHORT_PIECE)

const encoder = new TextEncoder()
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff

/** Counts the tokens of a text; yields every millisecond or so. With `ids`, their ranks are appended to it. */
export function* counting(table: RankTable, text: string, ids?: number[]): Generator<void, number> {
  const { pattern } = table
  let count = 0
  let sinceStep = 0
  for (let from = 0; from < text.length; ) {
    const end = windowEnd(text, from)
    const window = text.slice(from, end)
    from = end
    // Both patterns match at every place, so a piece is what lies between two ends.
    pattern.lastIndex = 0
    for (let at = 0; pattern.test(window); ) {
      const to = pattern.lastIndex
      const short = countShort(table, window, at, to, ids)
      count += short ?? (yield* countLong(table, window.slice(at, to), ids))
      sinceStep += to - at
      at = to
      if (sinceStep > UNITS_PER_STEP) {
        sinceStep = 0
        yield
      }
      // Another text may have been counted meanwhile.
      pattern.lastIndex = to
    }
  }
  return count
}

/** Where the window of at least `size` units that begins at `from` ends. */
export function windowEnd(text: string, from: number, size: number = WINDOW): number {
  if (text.length - from <= size) return text.length
  const ahead = text.slice(from + size - 1, from + MAX_WINDOW)
  SAFE_END.lastIndex = 0
  if (SAFE_END.test(ahead)) return from + size - 1 + SAFE_END.lastIndex
  const end = Math.min(text.length, from + MAX_WINDOW)
  return end < text.length && isLowSurrogate(text.charCodeAt(end)) ? end - 1 : end
}

/** Undefined for a piece of more than `SHORT_PIECE` bytes. */
function countShort(table: RankTable, text: string, from: number, to: number, ids?: number[]): number | undefined {
  if (to - from > SHORT_PIECE) return undefined
  const length = writeUtf8(text, from, to)
  if (length > SHORT_PIECE) return undefined
  const rank = table.find(scratch, 0, length)
  if (rank === NO_RANK) return mergeShort(table, scratch, length, ids)
  ids?.push(rank)
  return 1
}

/** Into `scratch`; a lone surrogate becomes U+FFFD, as with `TextEncoder`, whose call costs more than a word takes here. */
function writeUtf8(text: string, from: number, to: number): number {
  let length = 0
  for (let i = from; i < to; i++) {
    let code = text.charCodeAt(i)
    if (code < 0x80) {
      scratch[length++] = code
      continue
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      code = text.codePointAt(i)!
      if (code > 0xffff) i++
      else code = 0xfffd
    }
    if (code < 0x800) {
      scratch[length++] = 0xc0 | (code >> 6)
    } else {
      if (code < 0x10000) {
        scratch[length++] = 0xe0 | (code >> 12)
      } else {
        scratch[length++] = 0xf0 | (code >> 18)
        scratch[length++] = 0x80 | ((code >> 12) & 0x3f)
      }
      scratch[length++] = 0x80 | ((code >> 6) & 0x3f)
    }
    scratch[length++] = 0x80 | (code & 0x3f)
  }
  return length
}

function* countLong(table: RankTable, piece: string, ids?: number[]): Generator<void, number> {
  const bytes = encoder.encode(piece)
  const rank = table.find(bytes, 0, bytes.length)
  if (rank === NO_RANK) return yield* mergeLong(table, bytes, ids)
  ids?.push(rank)
  return 1
}
