/**
 * The rank data of js-tiktoken, loaded when first needed. Requiring the CommonJS file takes about a fifth of the time of
 * importing the module, and works inside a synchronous report; where there is no `require` (a page) only the import is left.
 */

export type Encoding = 'o200k_base' | 'cl100k_base'

export interface RankData {
  /** The expression that cuts a text into pieces; each piece is merged by itself. */
  readonly pat_str: string
  /** `! 0` and then each token in base64, in the order of the ranks. */
  readonly bpe_ranks: string
}

export const RANKS_HEADER = '! 0 '

/** Undefined where modules cannot be required, or the package is not there. */
export function requireRanks(encoding: Encoding): RankData | undefined {
  try {
    // A CommonJS bundle has no address of its own: what lies where the program was started is then what there is.
    const here = (import.meta.url as string | undefined) ?? `${process.cwd()}/`
    const require = process.getBuiltinModule('node:module').createRequire(here)
    const file = require.resolve(`js-tiktoken/ranks/${encoding}`)
    const wasLoaded = file in require.cache
    const data = asRankData(require(file))
    // The table has all that is in it; the cache would keep 2 MB of text for nobody.
    if (!wasLoaded) delete require.cache[file]
    return data
  } catch {
    return undefined
  }
}

/** Undefined where the package cannot be imported either. */
export async function importRanks(encoding: Encoding): Promise<RankData | undefined> {
  try {
    // Written out, so that a bundler sees them.
    const module = encoding === 'o200k_base'
      ? await import('js-tiktoken/ranks/o200k_base')
      : await import('js-tiktoken/ranks/cl100k_base')
    return asRankData(module.default)
  } catch {
    return undefined
  }
}

function asRankData(value: unknown): RankData | undefined {
  const data = value as Partial<RankData> | undefined
  if (typeof data?.pat_str !== 'string' || typeof data.bpe_ranks !== 'string') return undefined
  // The format allows for several lines; these two encodings have one.
  const isKnown = data.bpe_ranks.startsWith(RANKS_HEADER) && !data.bpe_ranks.includes('\n')
  return isKnown ? (data as RankData) : undefined
}
