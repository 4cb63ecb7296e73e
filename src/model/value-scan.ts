export type ValueKind = 'identifier' | 'url' | 'number' | 'words'

/** Called with the hash of each thing that stands in a text. */
export interface ScanSink {
  /** Words and numbers, but for the prefixes of identifiers; of what is put together with digits (`2026-07-14`, `ord_8f3a21`) the whole as well. */
  readonly token?: (hash: number) => void
  /** Distinctive values. */
  readonly value?: (hash: number, kind: ValueKind) => void
  /** A number of up to three digits that stands by itself. */
  readonly smallNumber?: () => void
  /**
   * Also these prefixes, and the pieces of words: `order` and `Berlin` in `orderBerlin`, `ord` and `4821` in `ord4821`; but words of
   * grammar only where they stand alone.
   */
  readonly inside?: boolean
}

/**
 * A text, and what it says where it is written in a way that hides words: JSON inside JSON, the escapes of a URL, numbers with
 * separators.
 */
export function readingsOf(text: string): string[] {
  const readings = [text]
  let reading = text
  for (let level = 0; level < MAX_LEVELS && reading.includes('\\'); level++) readings.push(reading = unescaped(reading))
  if (/%[0-9a-f]{2}/i.test(reading)) readings.push(reading = reading.replace(/(?:%[0-9a-f]{2})+/gi, decoded))
  if (/\d[,'_ \u00a0\u202f]\d{3}(?!\d)/.test(reading)) readings.push(reading.replace(/(\d)[,'_ \u00a0\u202f](?=\d{3}(?:\D|$))/g, '$1'))
  return readings
}

const MAX_LEVELS = 3

const unescaped = (text: string): string => text.replace(/\\(?:u([0-9a-f]{4})|(.))/gis, (_, hex: string | undefined, char: string) =>
  hex === undefined ? (/[nrtbf]/.test(char) ? '\n' : char) : String.fromCharCode(Number.parseInt(hex, 16)))

function decoded(escapes: string): string {
  try {
    return decodeURIComponent(escapes)
  } catch {
    return ' '
  }
}

const WORDS = 5
/** Letters that a run of words has at least; shorter ones are phrases that everybody uses. */
const MIN_WORDS_CHARS = 20

/** Goes over a text once. */
export function scan(text: string, sink: ScanSink): void {
  const { token: onToken = ignore, value: onValue } = sink
  const run = onValue === undefined ? undefined : new WordRun(onValue)
  const { length } = text
  const chunk = new Chunk(text, sink)
  for (let i = 0; i < length;) {
    const code = text.charCodeAt(i)
    const type = typeOf(code)
    if (type === BREAK || type === SPACE) {
      chunk.end(i++)
      if (type === BREAK) run?.end()
      continue
    }
    if (type === MARK) {
      if (code === 0x40) chunk.hasAt = true
      i++
      continue
    }
    let a = 0x811c9dc5
    let b = 0x9e3779b9
    const start = i
    let digits = 0
    /** Whether it changes between small and large letters, or letters and digits. */
    let isMixed = false
    for (let at: number = type, before: number = type; i < length && (at === LETTER || at === DIGIT);) {
      const raw = text.charCodeAt(i)
      const char = fold(raw)
      a = Math.imul(a ^ char, 0x01000193)
      b = Math.imul(b ^ char, 0x85ebca6b)
      b ^= b >>> 13
      if (at === DIGIT) digits++
      isMixed ||= at !== before || (char !== raw && i > start)
      before = at
      i++
      at = i < length ? typeOf(text.charCodeAt(i)) : SPACE
    }
    if (type === SYMBOL) {
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x85ebca6b)
      i++
    }
    const hash = join(a, b)
    if (sink.inside !== true) {
      if (digits > 0 || !isPrefix(text, start, i)) onToken(hash)
    } else {
      if (!GRAMMAR.has(hash) || isAlone(text, start, i)) onToken(hash)
      if (isMixed) insideOf(text, start, i, onToken)
    }
    chunk.add(start, i, digits)
    if (digits === 0) run?.word(hash, i - start)
    else run?.end()
  }
  chunk.end(length)
}

const ignore = (): void => undefined

/** A word of grammar between quotes or brackets, or on a line of its own, is a value, such as a language or a switch. */
const isAlone = (text: string, from: number, to: number): boolean =>
  (from === 0 || typeOf(text.charCodeAt(from - 1)) === BREAK) && (to === text.length || typeOf(text.charCodeAt(to)) === BREAK)

const MAX_PREFIX = 5

/** `ord` in `ord_8f3a21` says of what kind the identifier is, which many have in common. */
function isPrefix(text: string, from: number, to: number): boolean {
  const sign = text.charCodeAt(to)
  if (to - from > MAX_PREFIX || (sign !== 0x5f && sign !== 0x2d)) return false
  let digits = 0
  let i = to + 1
  for (let at = typeOf(text.charCodeAt(i)); i < text.length && (at === DIGIT || at === LETTER); at = typeOf(text.charCodeAt(++i))) {
    if (at === DIGIT) digits++
  }
  return digits >= 3
}

/** A stretch without white space or quotes. */
class Chunk {
  hasAt = false
  readonly #text: string
  readonly #sink: ScanSink
  #start = 0
  #tokens = 0
  #first = 0
  #last = 0
  #digits = 0
  #letters = false

  constructor(text: string, sink: ScanSink) {
    this.#text = text
    this.#sink = sink
  }

  add(from: number, to: number, digits: number): void {
    if (this.#tokens++ === 0) this.#first = from
    this.#last = to
    this.#digits += digits
    if (digits < to - from) this.#letters = true
  }

  /** @param at the place of what ends it */
  end(at: number): void {
    const { token, value, smallNumber } = this.#sink
    const text = this.#text
    if (this.#digits > 0) {
      if (this.#tokens > 1) token?.(hashOf(text, this.#first, this.#last))
      if (this.#digits < MIN_DIGITS && !this.#letters) smallNumber?.()
    }
    const mayTell = this.#digits >= TELLING_DIGITS || this.hasAt || text.startsWith('http', this.#start)
    if (value !== undefined && mayTell) distinctive(text, this.#start, at, value)
    this.hasAt = this.#letters = false
    this.#tokens = this.#digits = 0
    this.#start = at + 1
  }
}

/** A distinctive value that is no address has at least so many. */
const TELLING_DIGITS = 3
/** Fewer digits come up by themselves. */
const MIN_DIGITS = 4
const MIN_PIECE = 2
/** What is longer is no name, and would have very many pieces. */
const MAX_MIXED = 64

function insideOf(text: string, from: number, to: number, onToken: (hash: number) => void): void {
  if (to - from > MAX_MIXED) return
  for (const piece of text.slice(from, to).match(/\d+|\p{Lu}?[^\d\p{Lu}]+|\p{Lu}+(?!\p{Ll})/gu) ?? []) {
    if (piece.length >= MIN_PIECE && piece.length < to - from) onToken(wordHash(piece))
  }
}

/** As `scan` makes it. */
function wordHash(word: string): number {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let i = 0; i < word.length; i++) {
    const char = fold(word.charCodeAt(i))
    a = Math.imul(a ^ char, 0x01000193)
    b = Math.imul(b ^ char, 0x85ebca6b)
    b ^= b >>> 13
  }
  return join(a, b)
}

/** Five words in a row. */
class WordRun {
  readonly #onValue: (hash: number, kind: ValueKind) => void
  readonly #hashes: number[] = []
  #lengths: number[] = []

  constructor(onValue: (hash: number, kind: ValueKind) => void) {
    this.#onValue = onValue
  }

  word(hash: number, length: number): void {
    const hashes = this.#hashes
    hashes.push(hash)
    this.#lengths.push(length)
    if (hashes.length < WORDS) return
    let chars = 0
    let a = 17
    let b = 29
    for (let i = 0; i < WORDS; i++) {
      chars += this.#lengths[i]!
      a = Math.imul(a ^ (hashes[i]! % 0x7fffffff), 0x01000193)
      b = Math.imul(b ^ (hashes[i]! / 0x200000), 0x85ebca6b)
      b ^= b >>> 15
    }
    if (chars >= MIN_WORDS_CHARS) this.#onValue(join(a, b), 'words')
    hashes.shift()
    this.#lengths.shift()
  }

  end(): void {
    this.#hashes.length = 0
    this.#lengths = []
  }
}

/** Identifiers, URLs and long numbers in a stretch without white space or quotes. */
function distinctive(text: string, from: number, to: number, onValue: (hash: number, kind: ValueKind) => void): void {
  if (to - from < 4 || to - from > MAX_CHUNK) return
  const chunk = text.slice(from, to)
  const url = /https?:\/\/[^\s]{4,}/.exec(chunk)?.[0].replace(/[.,;:!?)\]}]+$/, '')
  if (url !== undefined) onValue(hashOf(url), 'url')
  for (const piece of chunk.split(/[^A-Za-z0-9_@.+-]+/)) {
    const value = piece.replace(/^[._+-]+|[._+-]+$/g, '')
    const kind = kindOf(value)
    if (kind !== undefined) onValue(hashOf(value), kind)
  }
}

const MAX_CHUNK = 2_000

function kindOf(value: string): ValueKind | undefined {
  if (value.length < 4 || value.length > 200) return undefined
  if (/^\d+(?:\.\d+)?$/.test(value)) return isTelling(value) ? 'number' : undefined
  const at = value.indexOf('@')
  if (at > 0 && value.indexOf('.', at) > at + 1) return 'identifier'
  const digits = value.length - value.replace(/\d/g, '').length
  return value.length >= 7 && digits >= 3 && /[A-Za-z]/.test(value) ? 'identifier' : undefined
}

/** Four digits and more, but no year, and no round number: those come up by themselves. */
function isTelling(number: string): boolean {
  const digits = number.replace('.', '')
  if (digits.length < 4 || /^(?:19|20)\d\d$/.test(number)) return false
  return digits.replace(/^0+|0+$/g, '').length >= 3
}

const SPACE = 0
const BREAK = 1
const MARK = 2
const LETTER = 3
const DIGIT = 4
/** A sign that is a word by itself, as in Chinese. */
const SYMBOL = 5

const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-z]/i.test(char)) return LETTER
  if (/\d/.test(char)) return DIGIT
  if (char === ' ' || char === '\t') return SPACE
  // What a quoted text, a list or a line ends with.
  return /[\s"'`<>{}[\]()|,\\]/.test(char) || code < 32 ? BREAK : MARK
})

function typeOf(code: number): number {
  if (code < 128) return ascii[code]!
  if (code >= 0x2e80 && code <= 0x9fff) return code <= 0x303f ? BREAK : SYMBOL
  return (code >= 0x2000 && code <= 0x206f) || code === 0xa0 || code === 0x85 ? SPACE : LETTER
}

/** Lower case, by code unit. */
function fold(code: number): number {
  if (code < 128) return code >= 0x41 && code <= 0x5a ? code + 32 : code
  const known = folded[code]!
  if (known !== 0) return known
  const lower = String.fromCharCode(code).toLowerCase()
  return (folded[code] = lower.length === 1 ? lower.charCodeAt(0) : code)
}

const folded = new Uint16Array(0x10000)

/** 53 bits of two lanes. */
const join = (a: number, b: number): number => (a >>> 0) * 0x200000 + ((b ^ (b >>> 11)) & 0x1fffff)

/** Upper and lower case are the same. */
function hashOf(text: string, from = 0, to: number = text.length): number {
  let a = 0x1234567
  let b = 0x2468ace
  for (let i = from; i < to; i++) {
    const code = fold(text.charCodeAt(i))
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
    b ^= b >>> 13
  }
  return join(a, b)
}

const wordsOf = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(wordHash))

/** Words that every sentence has say nothing about where it comes from. */
export const GRAMMAR: ReadonlySet<number> =
  wordsOf('a an the of to in on at for from by with and or is are was be it its this that as about me my i you your we our please')

const TRUTH = wordsOf('true false yes no null none undefined nan ok')
/** A value that any condition comes to. */
export const isTruthWord = (token: number): boolean => TRUTH.has(token)
