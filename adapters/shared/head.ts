import { CACHE_MISS_REASON, CACHE_MISS_TOKENS, type LlmCall } from '../../src/kit.ts'
import { fields, text, type Fields } from './json.ts'

/** `auto` is what was asked for, not what was served. */
const STANDARD_TIERS = ['standard', 'default', 'auto', 'on_demand']

/** What every API's answer begins with: its id and the model that gave it. */
export function readHead(call: LlmCall, answer: Fields): void {
  const id = text(answer['id'])
  const model = text(answer['model'])
  if (id) call.draft.responseId = id
  if (model) call.draft.responseModel = model
  const tier = text(answer['service_tier']) ?? text(fields(answer['usage'])?.['service_tier'])
  if (tier && !STANDARD_TIERS.includes(tier)) call.draft.serviceTier = tier
  readCacheMiss(call, answer)
}

/** Why the cache was missed, where the API was asked to say so: Anthropic's `diagnostics`, OpenAI's `prompt_cache_diagnostics`. */
function readCacheMiss(call: LlmCall, answer: Fields): void {
  const told = fields(fields(answer['diagnostics'])?.['cache_miss_reason']) ?? fields(answer['prompt_cache_diagnostics'])
  const reason = told?.['type'] === 'cache_miss' ? text(told['reason']) : text(told?.['type'])
  if (told === undefined || reason === undefined || reason === 'cache_hit') return
  const tokens = told['cache_missed_input_tokens'] ?? told['cache_missed_tokens']
  call.span.set({ [CACHE_MISS_REASON]: reason, ...(typeof tokens === 'number' && { [CACHE_MISS_TOKENS]: tokens }) })
}
