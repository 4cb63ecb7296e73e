/**
 * Model ids come with a vendor in front (`models/gemini-2.5-pro`, `anthropic/claude-sonnet-4.5`,
 * `us.anthropic.claude-sonnet-4-5-20250929-v1:0`). This is the id without it.
 */
export function bareModel(model: string): string {
  const name = model.slice(model.lastIndexOf('/') + 1)
  return name.replace(/^(?:(?:us|eu|apac|global|jp|au)\.)?(?:anthropic|openai|meta|mistral|cohere|amazon)\./, '')
}

/** `gpt-5` stands for `gpt-5-mini` and `gpt-5-2025-08-07`, not for `gpt-5.4` or `gpt-50`. */
function isModelPrefix(prefix: string, model: string): boolean {
  if (!model.startsWith(prefix)) return false
  const next = model[prefix.length]
  return next === undefined || next === '-' || next === ':' || next === '@'
}

/** The entry with the longest key that is a prefix of the model, as given or without its vendor. */
export function longestPrefix<T>(table: ReadonlyMap<string, T>, model: string): T | undefined {
  const bare = bareModel(model)
  let best: string | undefined
  for (const prefix of table.keys()) {
    if (best !== undefined && prefix.length <= best.length) continue
    if (isModelPrefix(prefix, model) || isModelPrefix(prefix, bare)) best = prefix
  }
  return best === undefined ? undefined : table.get(best)
}
