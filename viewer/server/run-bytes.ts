import type { Amount, Saving } from '../../src/model/analysis.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { FINDING, SHOWN_SIZE, type PackedRun } from './packed-run.ts'
import { keyOf } from './summarise.ts'

/**
 * A run as bytes, without what stands in columns. In front what a filter asks for, then what statistics need, and at the end what is
 * only looked at when the run is shown: key (where it is not that of the id), id, models, tags, codes of findings, their savings, operations, the rest.
 */
export function writeRun(run: PackedRun, to: ByteWriter, phrases: Phrases): void {
  const [
    key, traceId, , , tags, models, , , , , llmCalls, toolCalls, inputTokens, cachedTokens, outputTokens, , categories, findingCount, shown,
    findings, operations, failure, problem,
  ] = run
  to.text(key === keyOf(traceId) ? '' : key)
  to.id(traceId)
  to.numbers(models)
  to.numbers(tags)
  to.numbers(findings.filter((_one, i) => i % FINDING.size === 0))
  for (let i = 0; i < findings.length; i++) if (i % FINDING.size !== 0) to.number(findings[i]!)
  to.numbers(operations)
  for (const count of [llmCalls, toolCalls, inputTokens + 1, cachedTokens + 1, outputTokens + 1, findingCount]) to.number(count)
  to.numbers(categories)
  to.number(shown.length / SHOWN_SIZE)
  for (let i = 0; i < shown.length; i += SHOWN_SIZE) {
    const [code, title, confidence, saving] = shown.slice(i, i + SHOWN_SIZE) as [number, string, number, Saving]
    to.number(code)
    phrases.write(title, to)
    to.number(confidence)
    writeSaving(saving, to)
  }
  to.number(problem !== undefined ? 2 : failure !== undefined ? 1 : 0)
  if (failure !== undefined) to.text(failure)
  if (problem !== undefined) to.text(problem)
}

/** Of a reader that stands at a run. */
export function readKey(from: ByteReader): string {
  const key = from.text()
  return key === '' ? keyOf(from.id()) : key
}

/** What {@link writeRun} has written; what is in columns is left to whoever has them. */
export interface RunBytes {
  readonly traceId: string
  readonly models: readonly number[]
  readonly tags: readonly number[]
  readonly findings: readonly number[]
  readonly operations: readonly number[]
  /** Calls of models and of tools, tokens of input, cache and output, findings. */
  readonly counts: readonly [number, number, number, number, number, number]
  readonly categories: readonly number[]
  readonly shown: readonly unknown[]
  readonly problems: readonly string[]
}

export function readRun(from: ByteReader, phrases: Phrases): RunBytes {
  from.skipText()
  const traceId = from.id()
  const [models, tags, codes] = [from.numbers(), from.numbers(), from.numbers()]
  const findings = codes.flatMap((code) => [code, from.number(), from.number()])
  const operations = from.numbers()
  const counts = [from.number(), from.number(), from.number() - 1, from.number() - 1, from.number() - 1, from.number()] as const
  const categories = from.numbers()
  const shown = readShown(from, phrases)
  return { traceId, models, tags, findings, operations, counts, categories, shown, problems: Array.from({ length: from.number() }, () => from.text()) }
}

const readShown = (from: ByteReader, phrases: Phrases): unknown[] =>
  Array.from({ length: from.number() }, () => [from.number(), phrases.read(from), from.number(), readSaving(from)]).flat()

const AMOUNTS = ['timeNs', 'tokens', 'costUsd'] as const

function writeSaving(saving: Saving, to: ByteWriter): void {
  for (const name of AMOUNTS) {
    const amount = saving[name]
    to.number(amount === undefined ? 0 : typeof amount === 'number' ? 1 : 2)
    if (typeof amount === 'number') to.number(amount)
    else if (amount !== undefined) {
      to.number(amount.low)
      to.number(amount.high)
    }
  }
}

function readSaving(from: ByteReader): Saving {
  const saving: Partial<Record<keyof Saving, Amount>> = {}
  for (const name of AMOUNTS) {
    const kind = from.number()
    if (kind === 1) saving[name] = from.number()
    else if (kind === 2) saving[name] = { low: from.number(), high: from.number() }
  }
  return saving
}

const MAX_PHRASES = 4_096
/** Stands for a number. */
const BLANK = '\u0001'

/** Sentences that differ in their numbers alone, as titles of findings do: kept once, with the numbers beside each use. */
export class Phrases {
  readonly #all: string[] = []
  readonly #numbers = new Map<string, number>()

  write(text: string, to: ByteWriter): void {
    const figures = text.match(/\d+/g) ?? []
    const phrase = text.replace(/\d+/g, BLANK)
    const known = text.includes(BLANK) ? undefined : this.#numberOf(phrase)
    if (known === undefined) {
      to.number(0)
      return to.text(text)
    }
    to.number(known + 1)
    for (const figure of figures) {
      // One that a number would not give back as it is written.
      const isPlain = String(Number(figure)) === figure
      to.number(isPlain ? 0 : 1)
      if (isPlain) to.number(Number(figure))
      else to.text(figure)
    }
  }

  read(from: ByteReader): string {
    const number = from.number()
    if (number === 0) return from.text()
    const [first, ...rest] = this.#all[number - 1]!.split(BLANK) as [string, ...string[]]
    return rest.reduce((text, next) => `${text}${from.number() === 0 ? from.number() : from.text()}${next}`, first)
  }

  #numberOf(phrase: string): number | undefined {
    const known = this.#numbers.get(phrase)
    if (known !== undefined || this.#all.length >= MAX_PHRASES) return known
    this.#numbers.set(phrase, this.#all.length)
    return this.#all.push(phrase) - 1
  }
}
