/**
 * Counts tokens on this machine, for what no provider has counted. Exact for OpenAI's models, an estimate for all others
 * (`tokenizerFor(model).exact`). Nothing is loaded before the first count.
 */

export { tokenizerFor, type Tokenizer } from './models.ts'
export { countTokens, countTokensSliced, type SliceOptions } from './count.ts'
export { estimateRequestTokens, type CountedPart } from './request.ts'
