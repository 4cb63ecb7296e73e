import { inputExclusive, inputInclusive, outputInclusive, tokenCount, type Usage } from '../../src/kit.ts'
import { fields, type Fields } from './json.ts'

/**
 * Usage as the providers report it, told apart by its field names and not by who is asked: OpenAI's form comes from dozens of
 * compatible servers, and gateways pass the form of the model behind them through.
 *
 * | form | input | output |
 * |---|---|---|
 * | `prompt_tokens` (OpenAI chat and all that copy it) | with cached tokens | with reasoning, xAI: without (the total tells) |
 * | `input_tokens` + `input_tokens_details` (OpenAI responses) | with cached tokens | with reasoning |
 * | `input_tokens` + `cache_read_input_tokens` (Anthropic) | without cached tokens | with thinking |
 * | `inputTokens` (Bedrock) | without cached tokens | with reasoning |
 * | `promptTokenCount` (Gemini) | with cached tokens | without thoughts |
 * | `total_input_tokens` (Gemini interactions) | with cached tokens | without thoughts |
 */
export function readUsage(raw: unknown, complete = true): Usage | undefined {
  const usage = fields(raw)
  if (usage === undefined) return undefined
  const known = read(usage)
  // Of what cannot be trusted nothing is taken over, but what was said is kept.
  return { ...known, ...readRequests(usage), complete: complete && known.output !== undefined, source: 'provider', raw }
}

/** For calls without generated output (embeddings), where input alone is all there is. */
export function readInputUsage(raw: unknown): Usage | undefined {
  const usage = readUsage(raw)
  if (usage === undefined) return undefined
  const { output: _none, ...rest } = usage
  const input = rest.input ?? inputInclusive({ input: tokenCount(fields(raw)?.['total_tokens']) })
  return { ...rest, ...(input !== undefined && { input }), complete: input !== undefined }
}

type Counted = Pick<Usage, 'input' | 'output' | 'extra'>

function read(usage: Fields): Counted {
  if ('prompt_tokens' in usage || 'completion_tokens' in usage) return readChat(usage)
  if ('promptTokenCount' in usage || 'candidatesTokenCount' in usage) return readGemini(usage)
  if ('total_input_tokens' in usage) return readInteractions(usage)
  if ('inputTokens' in usage || 'outputTokens' in usage) return readBedrock(usage)
  return 'input_tokens_details' in usage ? readResponses(usage) : readMessages(usage)
}

function readChat(usage: Fields): Counted {
  const details = fields(usage['prompt_tokens_details'])
  const reasoning = tokenCount(fields(usage['completion_tokens_details'])?.['reasoning_tokens'])
  const input = tokenCount(usage['prompt_tokens'])
  let output = tokenCount(usage['completion_tokens'])
  // Most count reasoning inside the completion. Where the total only adds up with it beside, it is beside.
  if (input !== undefined && output !== undefined && reasoning !== undefined && usage['total_tokens'] === input + output + reasoning) {
    output += reasoning
  }
  return counted(
    inputInclusive({
      input,
      cacheRead: tokenCount(details?.['cached_tokens']) ?? tokenCount(usage['prompt_cache_hit_tokens']) ?? tokenCount(usage['cached_tokens']),
      ...cacheWrites(details),
    }),
    outputInclusive({ output, reasoning }),
  )
}

function readResponses(usage: Fields): Counted {
  const details = fields(usage['input_tokens_details'])
  return counted(
    inputInclusive({
      input: tokenCount(usage['input_tokens']),
      cacheRead: tokenCount(details?.['cached_tokens']),
      ...cacheWrites(details),
    }),
    outputInclusive({
      output: tokenCount(usage['output_tokens']),
      reasoning: tokenCount(fields(usage['output_tokens_details'])?.['reasoning_tokens']),
    }),
  )
}

function cacheWrites(details: Fields | undefined): { cacheWrite?: number | undefined; cacheWriteByTtl?: Record<string, number> | undefined } {
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
  return extra.compactionInput + extra.compactionOutput > 0 ? extra : undefined
}

function readBedrock(usage: Fields): Counted {
  return counted(
    inputExclusive({
      input: tokenCount(usage['inputTokens']),
      cacheRead: tokenCount(usage['cacheReadInputTokens']),
      cacheWrite: tokenCount(usage['cacheWriteInputTokens']),
    }),
    outputInclusive({ output: tokenCount(usage['outputTokens']) }),
  )
}

function readGemini(usage: Fields): Counted {
  const thoughts = tokenCount(usage['thoughtsTokenCount'])
  const visible = tokenCount(usage['candidatesTokenCount']) ?? tokenCount(usage['responseTokenCount'])
  return counted(
    inputInclusive({ input: tokenCount(usage['promptTokenCount']), cacheRead: tokenCount(usage['cachedContentTokenCount']) }),
    withThoughts(visible, thoughts),
  )
}

function readInteractions(usage: Fields): Counted {
  return counted(
    inputInclusive({ input: tokenCount(usage['total_input_tokens']), cacheRead: tokenCount(usage['total_cached_tokens']) }),
    withThoughts(tokenCount(usage['total_output_tokens']), tokenCount(usage['total_thought_tokens'])),
  )
}

const withThoughts = (visible: number | undefined, thoughts: number | undefined): Usage['output'] =>
  visible === undefined && thoughts === undefined
    ? undefined
    : outputInclusive({ output: (visible ?? 0) + (thoughts ?? 0), reasoning: thoughts })

function readRequests(usage: Fields): Pick<Usage, 'requests'> {
  const tools = fields(usage['server_tool_use'])
  const webSearch = tokenCount(tools?.['web_search_requests'])
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
  return { ...(input && { input }), ...(output && { output }), ...(extra && { extra }) }
}
