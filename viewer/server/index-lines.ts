import { inspect } from '../../src/trace-file/frame.ts'
import { FINDING, OPERATION, OUTCOMES, CONFIDENCES, SHOWN_SIZE, type PackedRun, type StoredFile } from './packed-run.ts'
import { KEY_CHARS } from './run-columns.ts'
import { isPathBelow, RECEIVED } from './scan.ts'

/** What a line of the index says. */
export type IndexLine =
  | { readonly says: 'format'; readonly version: number }
  | { readonly says: 'words'; readonly words: readonly string[]; readonly from: number }
  | { readonly says: 'file'; readonly file: StoredFile; readonly by: number; readonly runs: readonly PackedRun[] }
  | { readonly says: 'gone'; readonly path: string }

export type FileLine = readonly [path: string, bytes: number, modifiedEpochMs: number, isReceived: 0 | 1, isRootless: 0 | 1]

/**
 * The index is a file that anybody could have put there: what it says is looked at as closely as what a client sends.
 * @param words how many are known so far
 * @returns undefined for what is damaged, or in no shape of ours
 */
export function readLine(line: string, words: number): IndexLine | undefined {
  if (inspect(line, 0) !== 'whole') return undefined
  let said: unknown
  try {
    said = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isObject(said)) return undefined
  const { format, version, words: more, from, file, by, runs, gone } = said
  if (format === 'spanwise-index' && isCount(version)) return { says: 'format', version }
  if (Array.isArray(more) && more.every((word) => typeof word === 'string') && isCount(from)) return { says: 'words', words: more, from }
  if (typeof gone === 'string') return { says: 'gone', path: gone }
  const facts = fileOf(file)
  if (facts === undefined || !isWord(by, words) || !Array.isArray(runs) || runs.length > MAX_RUNS) return undefined
  return runs.every((run) => isPackedRun(run, words)) ? { says: 'file', file: facts, by, runs } : undefined
}

const MAX_RUNS = 1_000_000

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isCount = (value: unknown): value is number => isNumber(value) && Number.isSafeInteger(value) && value >= 0
const isCountOrNone = (value: unknown): boolean => value === -1 || isCount(value)
const isWord = (value: unknown, words: number): value is number => isCount(value) && value < words
const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'

function fileOf(value: unknown): StoredFile | undefined {
  if (!Array.isArray(value)) return undefined
  const [path, bytes, modifiedEpochMs, isReceived, isRootless] = value as readonly unknown[]
  if (typeof path !== 'string' || !isPathBelow(path) || !isCount(bytes) || !isNumber(modifiedEpochMs)) return undefined
  const source = isReceived === 1 ? 'received' : 'recorded'
  // What is beside the received ones was never received, whatever is said of it.
  if ((source === 'received') !== path.startsWith(`${RECEIVED}/`)) return undefined
  return { path, bytes, modifiedEpochMs, source, isRootless: isRootless === 1 }
}

/** Groups of so many numbers, of which the first is a word. */
function areFigures(value: unknown, size: number, words: number): boolean {
  return Array.isArray(value) && value.length % size === 0 && value.every((one, i) => (i % size === 0 ? isWord(one, words) : isNumber(one)))
}

const KEY = new RegExp(`^[\\w-]{${KEY_CHARS}}$`)

function isPackedRun(value: unknown, words: number): value is PackedRun {
  if (!Array.isArray(value)) return false
  const [
    key, traceId, name, service, tags, models, startedAtEpochMs, durationNs, outcome, spans, llmCalls, toolCalls,
    inputTokens, cachedTokens, outputTokens, costUsd, categories, findingCount, shown, findings, operations, failure, problem,
  ] = value as readonly unknown[]
  return typeof key === 'string' && KEY.test(key) && typeof traceId === 'string' && isWord(name, words) && (service === -1 || isWord(service, words))
    && areFigures(tags, 1, words) && areFigures(models, 1, words) && isNumber(startedAtEpochMs) && isNumber(durationNs)
    && isCount(outcome) && outcome < OUTCOMES.length && isCount(spans) && isCount(llmCalls) && isCount(toolCalls)
    && isCountOrNone(inputTokens) && isCountOrNone(cachedTokens) && isCountOrNone(outputTokens) && isNumber(costUsd)
    && areFigures(categories, 2, words) && isCount(findingCount) && areShown(shown, words)
    && areFigures(findings, FINDING.size, words) && areFigures(operations, OPERATION.size, words) && isText(failure) && isText(problem)
}

function areShown(value: unknown, words: number): boolean {
  if (!Array.isArray(value) || value.length % SHOWN_SIZE !== 0) return false
  for (let i = 0; i < value.length; i += SHOWN_SIZE) {
    const [code, title, confidence, saving] = value.slice(i, i + SHOWN_SIZE) as unknown[]
    if (!isWord(code, words) || typeof title !== 'string' || !isCount(confidence) || confidence >= CONFIDENCES.length || !isObject(saving)) return false
    if (!Object.values(saving).every((amount) => isNumber(amount) || (isObject(amount) && isNumber(amount['low']) && isNumber(amount['high'])))) return false
  }
  return true
}
