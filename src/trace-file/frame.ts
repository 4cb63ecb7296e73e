import { hex8 } from '../model/hex.ts'

/**
 * One line of a run file: a JSON object whose last member is the checksum of all that stands before it in the line. This
 * frame is the same in every version of the format, so that a reader knows a damaged line before it looks at the content.
 */

/** `,"sum":"0123abcd"}` */
const SUM_CHARS = 18
const SUM_START = ',"sum":"'

/** Longer texts are summed in pieces. A character is at most three bytes; the last step may read seven bytes of zeros. */
const PIECE_CHARS = 32_768
const bytes = new Uint8Array(PIECE_CHARS * 3 + 16)
const words = new DataView(bytes.buffer)
const utf8 = new TextEncoder()

const PRIME = 16777619
let even = 0
let odd = 0

/**
 * Two lanes of 32-bit FNV-1a over the text's UTF-8, four bytes a step. Each step is a bijection of its lane, so no change
 * within four bytes goes unseen. Bytes, because a native call makes them several times as fast as a loop reads characters.
 * @param seed 0 for records that name their run, {@link seedOf} of the run's id for the others: a record can never be taken
 *   for one of another run
 */
function begin(seed: number): void {
  even = 0x811c9dc5 ^ seed
  odd = 0x01000193
}

/** @param length how many bytes were summed */
function finish(length: number): number {
  odd = Math.imul(odd ^ length, PRIME)
  even ^= even >>> 15
  odd ^= odd >>> 15
  return (Math.imul(even, 2246822507) ^ Math.imul(odd, 3266489909)) >>> 0
}

/** Sums the first bytes of the buffer; the last words are filled up with zeros. */
function sumBytes(length: number): number {
  words.setInt32(length, 0)
  words.setInt32(length + 4, 0)
  let a = even
  let b = odd
  for (let i = 0; i < length; i += 8) {
    a = Math.imul(a ^ words.getInt32(i, true), PRIME)
    b = Math.imul(b ^ words.getInt32(i + 4, true), PRIME)
  }
  even = a
  odd = b
  return length
}

function sumPieces(text: string, end: number): number {
  let total = 0
  let rest = 0
  for (let at = 0; at < end;) {
    const to = Math.min(end, at + PIECE_CHARS)
    // A surrogate pair stays together.
    const piece = text.slice(at, to < end && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800 ? to - 1 : to)
    at += piece.length
    const filled = rest + utf8.encodeInto(piece, bytes.subarray(rest)).written
    // Between two pieces only whole steps are summed; what is left goes before the next one.
    rest = at < end ? filled % 8 : 0
    const kept = bytes.slice(filled - rest, filled)
    total += sumBytes(filled - rest)
    bytes.set(kept)
  }
  return total
}

function checksum(text: string, seed: number): number {
  begin(seed)
  return finish(text.length > PIECE_CHARS ? sumPieces(text, text.length) : sumBytes(utf8.encodeInto(text, bytes).written))
}

export const seedOf = (runId: string): number => checksum(runId, 0)

/** @returns the record as a line without its end */
export function seal(record: object, seed: number): string {
  return sealText(JSON.stringify(record).slice(0, -1), seed)
}

/** @param text a record's JSON without its last brace */
export const sealText = (text: string, seed: number): string => `${text}${SUM_START}${hex8(checksum(text, seed))}"}`

/** `cut`: it bears no checksum. `damaged`: it bears one that does not fit, or is another run's. */
export type Frame = 'whole' | 'damaged' | 'cut'

export function inspect(line: string, seed: number): Frame {
  if (line.length <= SUM_CHARS) return 'cut'
  const isLong = line.length > PIECE_CHARS
  const end = utf8.encodeInto(isLong ? line.slice(-SUM_CHARS) : line, bytes).written
  const borne = sumBefore(end)
  if (borne === -1) return 'cut'
  begin(seed)
  const found = finish(isLong ? sumPieces(line, line.length - SUM_CHARS) : sumBytes(end - SUM_CHARS))
  return borne === found ? 'whole' : 'damaged'
}

const START_BYTES = utf8.encode(SUM_START)

/** The checksum at the end of a line whose last bytes end here; -1 when there is none. */
function sumBefore(end: number, source: Uint8Array = bytes): number {
  const start = end - SUM_CHARS
  for (let i = 0; i < START_BYTES.length; i++) if (source[start + i] !== START_BYTES[i]) return -1
  if (source[end - 2] !== 34 || source[end - 1] !== 125) return -1
  let sum = 0
  for (let i = start + START_BYTES.length; i < end - 2; i++) {
    const byte = source[i]!
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : byte >= 97 && byte <= 102 ? byte - 87 : -1
    if (digit === -1) return -1
    sum = sum * 16 + digit
  }
  return sum
}

/** A line that is whole, as the bytes that it was read from. */
export interface Framed {
  readonly kind: 'span' | 'open' | 'part'
  /** Where the object that the record is about begins and ends. */
  readonly from: number
  readonly to: number
  readonly at: number
}

const KINDS = (['span', 'open', 'part'] as const).map((kind) => ({ kind, start: utf8.encode(`{"${kind}":{`) }))
const AT_BYTES = utf8.encode('},"at":')
const KIND_BYTES = KINDS[0]!.start.length

/** Bytes of a file and what reads words of them. */
export class Bytes {
  readonly all: Uint8Array
  readonly #words: DataView

  constructor(all: Uint8Array) {
    this.all = all
    this.#words = new DataView(all.buffer, all.byteOffset, all.byteLength)
  }

  /**
   * What nearly all lines of a run file are, known without making a text of them.
   * @returns undefined for any line that has to be looked at in full, be it damaged or not
   */
  record(from: number, to: number, seed: number): Framed | undefined {
    const end = to - SUM_CHARS
    const { all } = this
    const kind = KINDS.find(({ start }) => begins(all, from, start))?.kind
    if (kind === undefined || end < from + KIND_BYTES || sumBefore(to, all) !== this.#sum(from, end, seed)) return undefined
    let first = end
    while (isDigit(all[first - 1]!)) first--
    const close = first - AT_BYTES.length
    const digits = end - first
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && all[first] === ZERO) || close < from + KIND_BYTES || !begins(all, close, AT_BYTES)) return undefined
    let at = 0
    for (let i = first; i < end; i++) at = at * 10 + all[i]! - ZERO
    return { kind, from: from + KIND_BYTES - 1, to: close + 1, at }
  }

  #sum(from: number, end: number, seed: number): number {
    begin(seed)
    const whole = end - ((end - from) & 7)
    let a = even
    let b = odd
    for (let i = from; i < whole; i += 8) {
      a = Math.imul(a ^ this.#words.getInt32(i, true), PRIME)
      b = Math.imul(b ^ this.#words.getInt32(i + 4, true), PRIME)
    }
    even = a
    odd = b
    for (let i = whole; i < end; i++) bytes[i - whole] = this.all[i]!
    if (whole < end) sumBytes(end - whole)
    return finish(end - from)
  }
}

const ZERO = 48
const MAX_DIGITS = 9
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 57

function begins(all: Uint8Array, from: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (all[from + i] !== start[i]) return false
  return true
}
