import { inputExclusive, inputInclusive, outputInclusive, tokenCount, type Usage } from '../../../src/model/usage.ts'
import type { Keys, UsageKeys } from './attribute-set.ts'
import { attributeSets, scopes } from './sets.ts'
import { asNumber, toAttribute, type AttributeMap } from './values.ts'

export interface ReadUsage {
  readonly usage: Usage
  /** Why the counts cannot all be right. */
  readonly doubt?: string
}

/** The usage that a span states in the first set of names that states any. */
export function readUsage(attributes: AttributeMap, scope: string | undefined, isEmbedding: boolean): ReadUsage | undefined {
  for (const { usage: keys } of attributeSets) {
    const counts = keys && countsOf(attributes, keys)
    if (counts === undefined) continue
    return toUsage(counts, scopes.get(scope ?? '')?.input ?? keys!.inputCounts, keys!, isEmbedding)
  }
  return undefined
}

interface Stated {
  readonly input: number | undefined
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWriteByTtl: Readonly<Record<string, number>> | undefined
  readonly output: number | undefined
  readonly reasoning: number
  readonly total: number | undefined
  /** Of parts that have no place in the normal form: audio, images. */
  readonly otherInput: number
  readonly otherOutput: number
  readonly raw: Readonly<Record<string, unknown>>
}

function countsOf(attributes: AttributeMap, keys: UsageKeys): Stated | undefined {
  const raw = new Map<string, unknown>()
  const count = (names: Keys = []): number | undefined => {
    const name = names.find((one) => attributes.has(one))
    const value = name === undefined ? undefined : attributes.get(name)
    if (name !== undefined) raw.set(name, asNumber(value) ?? toAttribute(value))
    return tokenCount(asNumber(value))
  }
  const [input, output] = [count(keys.input), count(keys.output)]
  const [cacheRead = 0, reasoning = 0] = [count(keys.cacheRead), count(keys.reasoning)]
  const byTtl = Object.entries(keys.cacheWriteByTtl ?? {}).map(([ttl, names]) => [ttl, count(names) ?? 0] as const)
  const cacheWrite = count(keys.cacheWrite) ?? byTtl.reduce((sum, [, tokens]) => sum + tokens, 0)
  const cacheWriteByTtl = byTtl.some(([, tokens]) => tokens > 0) ? Object.fromEntries(byTtl) : undefined
  const total = count(keys.total)
  const otherInput = others(attributes, keys.parts?.input, raw)
  const otherOutput = others(attributes, keys.parts?.output, raw)
  if (input === undefined && output === undefined && cacheRead + cacheWrite + otherInput + otherOutput === 0) return undefined
  return { input, cacheRead, cacheWrite, cacheWriteByTtl, output, reasoning, total, otherInput, otherOutput, raw: Object.fromEntries(raw) }
}

function others(attributes: AttributeMap, prefix: string | undefined, raw: Map<string, unknown>): number {
  if (prefix === undefined) return 0
  let sum = 0
  for (const [key, value] of attributes) {
    if (!key.startsWith(`${prefix}_`) || raw.has(key)) continue
    raw.set(key, asNumber(value) ?? toAttribute(value))
    sum += tokenCount(asNumber(value)) ?? 0
  }
  return sum
}

function toUsage(stated: Stated, counts: 'inclusive' | 'exclusive', { parts }: UsageKeys, isEmbedding: boolean): ReadUsage {
  const { cacheRead, cacheWrite, cacheWriteByTtl, reasoning, total, otherInput, otherOutput, raw } = stated
  const cached = cacheRead + cacheWrite
  const isMore = counts === 'inclusive' && stated.input !== undefined && cached > stated.input
  const parted = parts === undefined || stated.input === undefined ? stated.input : stated.input + otherInput
  const read = counts === 'exclusive' || isMore ? inputExclusive : inputInclusive
  const input = exact(read({ input: parted, cacheRead, cacheWrite, cacheWriteByTtl }))
  const visible = stated.output === undefined ? undefined : stated.output + otherOutput
  const whole = parts === undefined || visible === undefined ? visible : visible + reasoning
  const output = exact(outputInclusive({ output: isEmbedding && whole === 0 ? undefined : whole, reasoning }))
  const sum = (input?.total ?? 0) + (output?.total ?? 0)
  const doubt = isMore
    ? `states ${cached} cached tokens inside an input of ${stated.input}: taken as beside it`
    : total !== undefined && total !== sum && input !== undefined && (output !== undefined || isEmbedding)
      ? `states ${total} tokens in total, but its input and output add up to ${sum}`
      : undefined
  return {
    usage: {
      ...(input && { input }), ...(output && { output }),
      complete: input !== undefined && (output !== undefined || isEmbedding), source: 'provider', raw,
    },
    ...(doubt !== undefined && { doubt }),
  }
}

/** A sum past what a number can count is no count. */
const exact = <T extends { readonly total: number }>(part: T | undefined): T | undefined =>
  part === undefined || tokenCount(part.total) === undefined ? undefined : part
