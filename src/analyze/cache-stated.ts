import type { CacheBreak, CacheCause } from '../model/analysis.ts'
import { CACHE_MISS_REASON, CACHE_MISS_TOKENS } from '../model/cache-miss.ts'
import type { Attributes } from '../model/span.ts'

type Area = 'model' | 'tools' | 'system' | 'messages' | 'settings'

/** Anthropic's `diagnostics.cache_miss_reason` and OpenAI's `prompt_cache_diagnostics`. What is not listed says nothing. */
const AREAS: ReadonlyMap<string, readonly Area[]> = new Map<string, readonly Area[]>([
  ['model_changed', ['model']],
  ['system_changed', ['system']],
  ['tools_changed', ['tools']],
  ['messages_changed', ['messages']],
  // OpenAI's instructions are a part of its input.
  ['input_changed', ['messages', 'system']],
  ['context_compacted', ['messages']],
  ['prompt_cache_key_changed', ['settings']],
  ['text_format_changed', ['settings']],
  ['reasoning_effort_changed', ['settings']],
  ['verbosity_changed', ['settings']],
  ['service_tier_changed', ['settings']],
])

const CAUSES: ReadonlyMap<Area, CacheCause> = new Map<Area, CacheCause>([
  ['model', 'model-changed'], ['tools', 'tool-changed'], ['system', 'system-changed'], ['messages', 'message-edited'],
  ['settings', 'setting-changed'],
])

type Judged = Pick<CacheBreak, 'cause' | 'side' | 'confidence' | 'part'>

/** What we found beside what the provider says; its word decides where we found nothing. */
export function withStated(found: Judged, attributes: Attributes | undefined): Judged & Pick<CacheBreak, 'stated'> {
  const reason = attributes?.[CACHE_MISS_REASON]
  if (typeof reason !== 'string') return found
  const tokens = attributes?.[CACHE_MISS_TOKENS]
  const said = { reason, ...(typeof tokens === 'number' && { tokens }) }
  const areas = AREAS.get(reason)
  if (areas === undefined) return { ...found, stated: said }
  if (found.cause === 'unknown' || found.cause === 'nothing-changed') {
    return { cause: CAUSES.get(areas[0]!)!, side: 'actionable', confidence: 'likely', stated: said }
  }
  const area = areaOf(found.cause)
  return { ...found, stated: { ...said, agrees: area !== undefined && areas.includes(area) } }
}

function areaOf(cause: CacheCause): Area | undefined {
  if (cause.startsWith('tool-') || cause === 'tools-reordered') return 'tools'
  if (cause.startsWith('message-') || cause === 'history-rewritten') return 'messages'
  if (cause === 'setting-changed') return 'settings'
  return cause === 'model-changed' ? 'model' : cause === 'system-changed' ? 'system' : undefined
}
