import type { Finding, Observation } from '../../model/analysis.ts'
import type { Detector } from './shared.ts'

/** Prompts much shorter than what a cache holds are nothing to talk about. */
const NEARLY = 0.5

/**
 * CACHE004: a conversation that repeats itself without a cache although one could hold it; CACHE005, an observation: it is a
 * little too short for one.
 */
export const neverCached: Detector = ({ cache, calls }) => (cache?.neverCached ?? []).flatMap((one): (Finding | Observation)[] => {
  const { cause, model, prefixTokens, minimumTokens = 0, tokens, savingUsd, confidence } = one
  const spanIds = one.calls.map((number) => calls[number - 1]!.summary.spanId)
  const size = `${prefixTokens.toLocaleString('en-US')} tokens`
  if (cause === 'below-minimum') {
    if (prefixTokens < minimumTokens * NEARLY) return []
    return [{
      code: 'CACHE005', spanIds,
      title: `What ${model} reads again in each call (${size}) is below the ${minimumTokens.toLocaleString('en-US')} that its cache needs`,
      advice: 'Nothing is wrong. Examples or documents that would help anyway cost little once the prompt is long enough to be cached.',
    }]
  }
  if (cause === 'unknown' || savingUsd === undefined) {
    return [{
      code: 'CACHE004', spanIds,
      title: `No call of ${model} read a cache, although each repeats up to ${size}`,
      advice: cause === 'unknown'
        ? 'The requests go on from each other; whether this model caches for this account, the provider can tell.'
        : 'Mark the end of what stays the same with cache_control.',
    }]
  }
  return [{
    code: 'CACHE004', spanIds, confidence,
    title: `Nothing is cached: ${one.calls.length} calls of ${model} pay in full for ${tokens.toLocaleString('en-US')} tokens that they repeat`,
    saving: { tokens, costUsd: savingUsd },
    advice: 'Mark the end of what stays the same with cache_control (or turn automatic caching on): a read costs about a tenth of the '
      + 'input, a write a quarter more, and the first token comes sooner.',
  }]
})
