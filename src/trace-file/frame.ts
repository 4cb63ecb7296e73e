/**
 * One line of a run file: a JSON object whose last member is the checksum of all that stands before it in the line. This
 * frame is the same in every version of the format, so that a reader knows a damaged line before it looks at the content.
 */

/** `,"sum":"0123abcd"}` */
const SUM_CHARS = 18
const SUM_START = ',"sum":"'

/**
 * Two lanes of 32-bit FNV-1a over the UTF-16 code units, even and odd. Each step is a bijection of its lane, so no change of
 * a single character goes unseen. `seed` is 0 for records that name their run, {@link seedOf} of the run's id for the others:
 * a record can never be taken for one of another run.
 */
function checksum(text: string, seed: number, length: number = text.length): number {
  let even = 0x811c9dc5 ^ seed
  let odd = 0x01000193 ^ length
  let i = 0
  for (const pairs = length - 1; i < pairs; i += 2) {
    even = Math.imul(even ^ text.charCodeAt(i), 16777619)
    odd = Math.imul(odd ^ text.charCodeAt(i + 1), 16777619)
  }
  if (i < length) even = Math.imul(even ^ text.charCodeAt(i), 16777619)
  even ^= even >>> 15
  odd ^= odd >>> 15
  return (Math.imul(even, 2246822507) ^ Math.imul(odd, 3266489909)) >>> 0
}

export const seedOf = (runId: string): number => checksum(runId, 0)

/** @returns the record as a line without its end */
export function seal(record: object, seed: number): string {
  return sealText(JSON.stringify(record), seed)
}

export function sealText(json: string, seed: number): string {
  // Summed before it is cut: a cut string is read a good deal more slowly, character by character.
  const length = json.length - 1
  return `${json.slice(0, length)}${SUM_START}${hex8(checksum(json, seed, length))}"}`
}

const hex8 = (value: number): string => (value + 0x1_0000_0000).toString(16).slice(1)

/** The checksum that a line bears; undefined when it has none. */
export function sumOf(line: string): number | undefined {
  const at = line.length - SUM_CHARS
  if (at < 1 || !line.startsWith(SUM_START, at) || !line.endsWith('"}')) return undefined
  let sum = 0
  for (let i = at + SUM_START.length; i < line.length - 2; i++) {
    const code = line.charCodeAt(i)
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1
    if (digit === -1) return undefined
    sum = sum * 16 + digit
  }
  return sum
}

export const isWhole = (line: string, sum: number, seed: number): boolean => checksum(line, seed, line.length - SUM_CHARS) === sum
