import { inputExclusive, inputInclusive, outputInclusive, tokenCount, type Usage } from '../../src/model/usage.ts'
import { fields, list, type Fields } from './json.ts'

/**
 * Usage as the providers report it, told apart by its field names and not by who is asked: OpenAI's form comes from dozens
 * of compatible servers, and gateways pass the form of the model behind them through.
 *
 * | form | input | output |
 * |---|---|---|
 * | `prompt_tokens` (OpenAI chat and its copies) | with cached tokens | with reasoning, xAI: without (the total tells) |
 * | `input_tokens` + `input_tokens_details` (OpenAI responses, images, realtime) | with cached tokens | with reasoning |
 * | `input_tokens` (Anthropic) | without cached tokens | with thinking |
 * | `inputTokens` (Bedrock) | without cached tokens | with reasoning |
 * | `promptTokenCount` (Gemini) | with cached tokens, without those of tool use | without thoughts |
 * | `total_input_tokens` (Gemini interactions) | with cached tokens, without those of tool use | without thoughts |
 * | `billed_units` (Cohere) | as billed | as billed |
 * | `prompt_eval_count` (Ollama), `input_token_count` (watsonx), `inputTextTokenCount` (Titan) | all | all |
 * | `generated_tokens` (TGI) | not told | all |
 */
interface Form {
  /** Any of these fields tells the form. */
  readonly names: readonly string[]
  readonly read: (usage: Fields) => Counted
}

type Counted = Pick<Usage, 'input' | 'output' | 'extra'>

/** In this order: the first one that fits reads. */
const FORMS: readonly Form[] = [
  { names: ['prompt_tokens', 'completion_tokens'], read: readChat },
  { names: ['promptTokenCount', 'candidatesTokenCount', 'responseTokenCount'], read: readGemini },
  { names: ['total_input_tokens', 'total_output_tokens'], read: readInteractions },
  { names: ['inputTokens', 'outputTokens'], read: readBedrock },
  { names: ['input_tokens_details', 'input_token_details'], read: readResponses },
  { names: ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'], read: readMessages },
  { names: ['generated_tokens'], read: both('', 'generated_tokens') },
  { names: ['billed_units', 'tokens'], read: readCohere },
  { names: ['prompt_eval_count', 'eval_count'], read: both('prompt_eval_count', 'eval_count') },
  { names: ['input_token_count', 'generated_token_count'], read: both('input_token_count', 'generated_token_count') },
  { names: ['inputTextTokenCount'], read: readTitan },
]

const formOf = (usage: Fields): Form | undefined =>
  FORMS.find(({ names }) => names.some((name) => Object.hasOwn(usage, name)))

/** Whether an object that nothing calls usage tells tokens. */
export function tellsTokens(value: unknown): boolean {
  const usage = fields(value)
  return usage !== undefined && formOf(usage) !== undefined
}

/**
 * @param complete false when the answer was cut before its final count
 * @returns undefined when nothing was said. Of what cannot be trusted nothing is taken over, but what was said is kept
 */
export function readUsage(raw: unknown, complete = true): Usage | undefined {
  if (raw === undefined || raw === null) return undefined
  const said = plainCopy(raw)
  const usage = fields(said) ?? {}
  const known = formOf(usage)?.read(usage) ?? {}
  return { ...known, ...readRequests(usage), ...readMedia(usage), complete: complete && known.output !== undefined, source: 'provider', raw: said }
}

/** For calls without generated output (embeddings, reranking), where input alone is all there is. */
export function readInputUsage(raw: unknown): Usage | undefined {
  const usage = readUsage(raw)
  if (usage === undefined) return undefined
  const { output: _none, ...rest } = usage
  const said = fields(usage.raw)
  const total = tokenCount(said?.['total_tokens']) ?? tokenCount(said?.['totalTokenCount'])
  const input = rest.input ?? inputInclusive({ input: total })
  return { ...rest, ...(input !== undefined && { input }), complete: input !== undefined }
}

function both(input: string, output: string): Form['read'] {
  return (usage) =>
    counted(inputInclusive({ input: tokenCount(usage[input]) }), outputInclusive({ output: tokenCount(usage[output]) }))
}

function readChat(usage: Fields): Counted {
  const details = fields(usage['prompt_tokens_details']) ?? fields(usage['prompt_token_details'])
  const generated = fields(usage['completion_tokens_details']) ?? fields(usage['completion_token_details'])
  const cached = details?.['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens']
  const input = tokenCount(usage['prompt_tokens'])
  return counted(
    inputInclusive({ input, cacheRead: tokenCount(cached), ...cacheWrites(details) }),
    withReasoning(usage['total_tokens'], input, tokenCount(usage['completion_tokens']), tokenCount(generated?.['reasoning_tokens'])),
  )
}

/** Most count reasoning inside the output. Where the total only adds up with it beside, it is beside. */
function withReasoning(total: unknown, input: number | undefined, output: number | undefined, reasoning = 0): Usage['output'] {
  if (output === undefined) return undefined
  const isBeside = input !== undefined && total === input + output + reasoning
  return outputInclusive({ output: isBeside ? output + reasoning : output, reasoning })
}

function readResponses(usage: Fields): Counted {
  const details = fields(usage['input_tokens_details']) ?? fields(usage['input_token_details'])
  const generated = fields(usage['output_tokens_details']) ?? fields(usage['output_token_details'])
  const input = tokenCount(usage['input_tokens'])
  return counted(
    inputInclusive({ input, cacheRead: tokenCount(details?.['cached_tokens']), ...cacheWrites(details) }),
    withReasoning(usage['total_tokens'], input, tokenCount(usage['output_tokens']), tokenCount(generated?.['reasoning_tokens'])),
  )
}

type CacheWrites = Pick<Parameters<typeof inputInclusive>[0], 'cacheWrite' | 'cacheWriteByTtl'>

function cacheWrites(details: Fields | undefined): CacheWrites {
  const byTtl = fields(details?.['cache_write_tokens_details'])
  return {
    cacheWrite: tokenCount(details?.['cache_write_tokens']),
    cacheWriteByTtl: byTtl && ttls({ '30m': byTtl['ttl_30m_tokens'], '12h': byTtl['ttl_12h_tokens'] }),
  }
}

function readMessages(usage: Fields): Counted {
  const created = fields(usage['cache_creation'])
  const byTtl = created && ttls({ '5m': created['ephemeral_5m_input_tokens'], '1h': created['ephemeral_1h_input_tokens'] })
  const written = byTtl && Object.values(byTtl).reduce((a, b) => a + b, 0)
  return counted(
    inputExclusive({
      input: tokenCount(usage['input_tokens']),
      cacheRead: tokenCount(usage['cache_read_input_tokens']),
      cacheWrite: tokenCount(usage['cache_creation_input_tokens']) ?? written,
      cacheWriteByTtl: byTtl,
    }),
    outputInclusive({
      output: tokenCount(usage['output_tokens']),
      reasoning: tokenCount(fields(usage['output_tokens_details'])?.['thinking_tokens']),
    }),
    readIterations(usage['iterations']),
  )
}

/** Compactions are billed beside the call and are not in its top-level count. */
function readIterations(iterations: unknown): Record<string, number> | undefined {
  if (!Array.isArray(iterations)) return undefined
  const extra = { compactionInput: 0, compactionOutput: 0 }
  for (const iteration of iterations) {
    const one = fields(iteration)
    if (one?.['type'] !== 'compaction') continue
    extra.compactionInput += tokenCount(one['input_tokens']) ?? 0
    extra.compactionOutput += tokenCount(one['output_tokens']) ?? 0
  }
  return tokenCount(extra.compactionInput + extra.compactionOutput) ? extra : undefined
}

function readBedrock(usage: Fields): Counted {
  return counted(
    inputExclusive({
      input: tokenCount(usage['inputTokens']),
      cacheRead: tokenCount(usage['cacheReadInputTokens']) ?? tokenCount(usage['cacheReadInputTokenCount']),
      cacheWrite: tokenCount(usage['cacheWriteInputTokens']) ?? tokenCount(usage['cacheWriteInputTokenCount']),
    }),
    outputInclusive({ output: tokenCount(usage['outputTokens']) }),
  )
}

function readGemini(usage: Fields): Counted {
  const visible = tokenCount(usage['candidatesTokenCount']) ?? tokenCount(usage['responseTokenCount'])
  return counted(
    withToolUse(usage['promptTokenCount'], usage['toolUsePromptTokenCount'], usage['cachedContentTokenCount']),
    withThoughts(visible, tokenCount(usage['thoughtsTokenCount'])),
  )
}

function readInteractions(usage: Fields): Counted {
  return counted(
    withToolUse(usage['total_input_tokens'], usage['total_tool_use_tokens'], usage['total_cached_tokens']),
    withThoughts(tokenCount(usage['total_output_tokens']), tokenCount(usage['total_thought_tokens'])),
  )
}

/** What tools of the server put into the prompt is billed as input, beside the prompt. */
function withToolUse(prompt: unknown, toolUse: unknown, cached: unknown): Usage['input'] {
  const own = tokenCount(prompt)
  const input = own === undefined ? undefined : own + (tokenCount(toolUse) ?? 0)
  return inputInclusive({ input, cacheRead: tokenCount(cached) })
}

const withThoughts = (visible: number | undefined, thoughts: number | undefined): Usage['output'] =>
  visible === undefined && thoughts === undefined
    ? undefined
    : outputInclusive({ output: (visible ?? 0) + (thoughts ?? 0), reasoning: thoughts })

/** `tokens` counts Cohere's own preamble too, which nobody pays for. */
function readCohere(usage: Fields): Counted {
  const billed = fields(usage['billed_units'])
  const used = fields(usage['tokens'])
  const count = (name: string): number | undefined => tokenCount(billed?.[name]) ?? tokenCount(used?.[name])
  return counted(inputInclusive({ input: count('input_tokens') }), outputInclusive({ output: count('output_tokens') }))
}

function readTitan(usage: Fields): Counted {
  const counts = list(usage['results']).flatMap((result) => tokenCount(fields(result)?.['tokenCount']) ?? [])
  const output = counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0)
  return counted(inputInclusive({ input: tokenCount(usage['inputTextTokenCount']) }), outputInclusive({ output }))
}

/** The tools of the responses API are billed beside the answer's own tokens, and told beside its usage. */
export function withToolUsage(usage: Usage | undefined, told: unknown): Usage | undefined {
  const tools = fields(plainCopy(told))
  if (usage === undefined || tools === undefined) return usage
  const images = fields(tools['image_gen'])
  const imageGenInput = tokenCount(images?.['input_tokens']) ?? 0
  const imageGenOutput = tokenCount(images?.['output_tokens']) ?? 0
  const webSearch = tokenCount(fields(tools['web_search'])?.['num_requests'])
  return {
    ...usage,
    ...(imageGenInput + imageGenOutput > 0 && { extra: { imageGenInput, imageGenOutput } }),
    ...(webSearch && { requests: { webSearch } }),
  }
}

type Media = NonNullable<Usage['media']>

/** Tokens of audio and images, which OpenAI's and Gemini's details tell; their price may be another than text's. */
function readMedia(usage: Fields): Pick<Usage, 'media'> {
  const input = detailsOf(usage, ['prompt_tokens_details', 'input_tokens_details', 'input_token_details', 'promptTokensDetails'])
  const output = detailsOf(usage, [
    'completion_tokens_details', 'output_tokens_details', 'output_token_details', 'candidatesTokensDetails', 'responseTokensDetails',
  ])
  const cached = modalities(usage['cacheTokensDetails']) ?? fields(input?.['cached_tokens_details'])
  const media: { -readonly [Name in keyof Media]: Media[Name] } = {}
  const add = (name: keyof Media, value: unknown): void => {
    const tokens = tokenCount(value)
    if (tokens) media[name] = tokens
  }
  add('inputAudio', input?.['audio_tokens'])
  add('inputImage', input?.['image_tokens'])
  add('cachedAudio', cached?.['audio_tokens'])
  add('cachedImage', cached?.['image_tokens'])
  add('outputAudio', output?.['audio_tokens'])
  add('outputImage', output?.['image_tokens'])
  return Object.keys(media).length > 0 ? { media } : {}
}

function detailsOf(usage: Fields, names: readonly string[]): Fields | undefined {
  for (const name of names) {
    const details = modalities(usage[name]) ?? fields(usage[name])
    if (details !== undefined) return details
  }
  return undefined
}

/** Gemini lists `{ modality: 'AUDIO', tokenCount: 12 }`. */
function modalities(details: unknown): Fields | undefined {
  if (!Array.isArray(details)) return undefined
  return Object.fromEntries(details.map((item) => {
    const one = fields(item)
    return [`${String(one?.['modality']).toLowerCase()}_tokens`, one?.['tokenCount']]
  }))
}

/** Searches and fetches of the server: Anthropic's, or xAI's. */
function readRequests(usage: Fields): Pick<Usage, 'requests'> {
  const tools = fields(usage['server_tool_use'])
  const calls = fields(usage['server_side_tool_usage_details'])
  const webSearch = tokenCount(tools?.['web_search_requests']) ?? tokenCount(calls?.['web_search_calls'])
  const webFetch = tokenCount(tools?.['web_fetch_requests'])
  if (!webSearch && !webFetch) return {}
  return { requests: { ...(webSearch && { webSearch }), ...(webFetch && { webFetch }) } }
}

function ttls(counts: Readonly<Record<string, unknown>>): Record<string, number> | undefined {
  const known: Record<string, number> = {}
  for (const [ttl, value] of Object.entries(counts)) {
    const count = tokenCount(value)
    if (count !== undefined) known[ttl] = count
  }
  return Object.keys(known).length > 0 ? known : undefined
}

function counted(input: Usage['input'], output: Usage['output'], extra?: Record<string, number>): Counted {
  // Sums of huge counts are no counts any more.
  const exact = <T extends { readonly total: number }>(part: T | undefined): T | undefined =>
    tokenCount(part?.total) === undefined ? undefined : part
  const [trustedInput, trustedOutput] = [exact(input), exact(output)]
  return { ...(trustedInput && { input: trustedInput }), ...(trustedOutput && { output: trustedOutput }), ...(extra && { extra }) }
}

const MAX_DEPTH = 6
const MAX_VALUES = 2_000
const MAX_CHARS = 1_000

/** What was said, as plain JSON data of bounded size: it outlives the answer, and is the user's to change there. */
function plainCopy(value: unknown): unknown {
  let left = MAX_VALUES
  const copy = (from: unknown, depth: number): unknown => {
    if (typeof from === 'string') return from.slice(0, MAX_CHARS)
    if (typeof from === 'number') return Number.isFinite(from) ? from : String(from)
    if (typeof from === 'boolean' || from === null || from === undefined) return from
    if (typeof from !== 'object') return String(from).slice(0, MAX_CHARS)
    if (depth > MAX_DEPTH) return undefined
    const isList = Array.isArray(from)
    const to: Record<string, unknown> | unknown[] = isList ? [] : {}
    for (const name of Object.keys(from)) {
      if (name === '__proto__' || left-- <= 0) continue
      const part = read(from as Fields, name, depth)
      if (isList) (to as unknown[]).push(part ?? null)
      else if (part !== undefined) (to as Record<string, unknown>)[name] = part
    }
    return to
  }
  // Whatever is in there may refuse to be read; the rest is still worth having.
  const read = (from: Fields, name: string, depth: number): unknown => {
    try {
      return copy(from[name], depth + 1)
    } catch {
      return undefined
    }
  }
  return read({ value }, 'value', -1)
}
