import { documents, object, objects, wayOf, type Exchange, type Json, type Seen } from './exchanges.ts'

/** What the bodies of the exchanges say of usage, worked out apart from the adapters, by what each provider documents. */

/** Counts in the order of the normal form; absent ones are absent. */
export interface Counts {
  readonly input?: readonly [total: number, uncached: number, cacheRead: number, cacheWrite: number]
  readonly output?: readonly [total: number, visible: number, reasoning: number]
}

/** What the row's own body says, by what its provider documents. */
export function expectedCounts(row: Exchange, { error, events }: Seen = {}): Counts {
  // The body never reached the program: an error status, or no JSON.
  if (error !== undefined && events === undefined) return {}
  const counts = rule(row)(documents(row))
  const isInputOnly = wayOf(row) === 'embeddings' || /embed|rerank|cachedContents/.test(row.endpoint)
  return isInputOnly ? { ...(counts.input && { input: counts.input }) } : counts
}

type Rule = (all: readonly Json[]) => Counts

function rule({ provider, endpoint }: Exchange): Rule {
  switch (provider) {
    case 'anthropic': return anthropicCounts
    case 'gemini':
    case 'vertex': return endpoint.includes('interactions') ? interactionCounts : geminiCounts
    case 'bedrock': return bedrockCounts
    case 'cohere': return cohereCounts
    case 'voyage': return ([answer]) => exclusive(number(below(answer, 'usage', 'total_tokens')))
    case 'ollama': return ollamaCounts
    case 'watsonx': return watsonxCounts
    case 'huggingface': return ([answer]) => inclusive(undefined, 0, number(below(answer, 'details', 'generated_tokens')))
    default: return openaiCounts
  }
}

const below = (value: unknown, ...path: readonly string[]): unknown => path.reduce((at, name) => object(at)?.[name], value)
const lastObject = (values: readonly unknown[]): Json => objects(values).at(-1) ?? {}
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

function inclusive(input: number | undefined, cached = 0, output?: number, reasoning = 0, written = 0): Counts {
  return {
    ...(input !== undefined && { input: [input, input - cached - written, cached, written] }),
    ...(output !== undefined && { output: [output, output - reasoning, reasoning] }),
  }
}

function exclusive(input: number | undefined, read = 0, written = 0, output?: number, reasoning = 0): Counts {
  return inclusive(input === undefined ? undefined : input + read + written, read, output, reasoning, written)
}

function openaiCounts(all: readonly Json[]): Counts {
  const places = ['x_groq', 'response', 'data']
  const usage = lastObject(all.flatMap((one) => [...places.map((place) => below(one, place, 'usage')), one['usage']]))
  const details = object(usage['prompt_tokens_details'] ?? usage['input_tokens_details'] ?? usage['prompt_token_details'])
  const made = object(usage['completion_tokens_details']) ?? object(usage['output_tokens_details'])
  const input = number(usage['prompt_tokens']) ?? number(usage['input_tokens'])
  const output = number(usage['completion_tokens']) ?? number(usage['output_tokens'])
  const cached = number(details?.['cached_tokens']) ?? number(usage['cached_tokens'])
  const reasoning = number(made?.['reasoning_tokens']) ?? 0
  const isBeside = 'num_sources_used' in usage && 'completion_tokens' in usage
  const written = number(details?.['cache_write_tokens'])
  return inclusive(input, cached, isBeside ? output! + reasoning : output, reasoning, written)
}

function anthropicCounts(all: readonly Json[]): Counts {
  const start = all.findLastIndex(({ type }) => type === 'message_start')
  const first = start === -1 ? all[0]?.['usage'] : below(all[start], 'message', 'usage')
  const merged: Record<string, unknown> = { ...object(first) }
  // What a message starts with is a placeholder.
  if (start !== -1) merged['output_tokens'] = null
  for (const { type, usage } of all.slice(start + 1)) {
    if (type !== 'message_delta') continue
    for (const [name, value] of Object.entries(usage as Json)) if (value !== null) merged[name] = value
  }
  const count = (...path: readonly string[]): number | undefined => number(below(merged, ...path))
  return exclusive(
    count('input_tokens'), count('cache_read_input_tokens'), count('cache_creation_input_tokens'),
    count('output_tokens'), count('output_tokens_details', 'thinking_tokens'),
  )
}

function geminiCounts(all: readonly Json[]): Counts {
  const told = objects(all.map(({ usageMetadata }) => usageMetadata))
  const total = ({ totalTokenCount }: Json): number => number(totalTokenCount) ?? 0
  const usage: Json = told.findLast((one) => told.every((other) => total(one) >= total(other))) ?? {}
  const onlyTotal = Object.keys(usage).length === 1 ? number(usage['totalTokenCount']) : undefined
  const prompt = onlyTotal ?? number(usage['promptTokenCount'])
  const thoughts = number(usage['thoughtsTokenCount']) ?? 0
  const visible = number(usage['candidatesTokenCount']) ?? number(usage['responseTokenCount'])
  const toolUse = number(usage['toolUsePromptTokenCount']) ?? 0
  return inclusive(
    prompt === undefined ? undefined : prompt + toolUse, number(usage['cachedContentTokenCount']),
    visible === undefined ? undefined : visible + thoughts, thoughts,
  )
}

function interactionCounts(all: readonly Json[]): Counts {
  const usage = lastObject(all.map((one) => one['usage'] ?? below(one, 'interaction', 'usage')))
  if (!('total_tokens' in usage)) return {}
  const count = (name: string): number => number(usage[`total_${name}_tokens`]) ?? 0
  return inclusive(count('input') + count('tool_use'), count('cached'), count('output') + count('thought'), count('thought'))
}

function bedrockCounts(all: readonly Json[]): Counts {
  const answer = all[0] ?? {}
  const titan = number(answer['inputTextTokenCount'])
  if (titan !== undefined) return inclusive(titan, 0, number(below(answer, 'results', '0', 'tokenCount')))
  const usage = lastObject(all.map((one) => one['usage'] ?? below(one, 'metadata', 'usage')))
  if ('input_tokens' in usage) return anthropicCounts(all)
  const count = (name: string): number | undefined => number(usage[name])
  return exclusive(
    count('inputTokens'), count('cacheReadInputTokenCount'), count('cacheWriteInputTokenCount'), count('outputTokens'),
  )
}

function ollamaCounts(all: readonly Json[]): Counts {
  const last = all.at(-1)
  return inclusive(number(last?.['prompt_eval_count']), 0, number(last?.['eval_count']))
}

function cohereCounts(all: readonly Json[]): Counts {
  const last = all.at(-1) ?? {}
  const end = all.findLast(({ type }) => type === 'message-end') ?? object(last['response']) ?? last
  const usage = object(end['usage']) ?? object(object(end['delta'])?.['usage']) ?? object(end['meta'])
  const billed = object(usage?.['billed_units'])
  return inclusive(number(billed?.['input_tokens']), 0, number(billed?.['output_tokens']))
}

function watsonxCounts(all: readonly Json[]): Counts {
  const count = (one: unknown, name: string): number | undefined => number(below(one, 'results', '0', name))
  return inclusive(count(all[0], 'input_token_count'), 0, count(all.at(-1), 'generated_token_count'))
}
