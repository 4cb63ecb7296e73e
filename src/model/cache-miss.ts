/** Attributes that hold what a provider itself says of a cache miss: its reason, and about how many tokens it cost. */
export const CACHE_MISS_REASON = 'spanwise.cache.miss_reason'
export const CACHE_MISS_TOKENS = 'spanwise.cache.missed_tokens'
