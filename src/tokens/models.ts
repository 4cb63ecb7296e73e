import type { Encoding } from './ranks.ts'

/** How the tokens of a model's text are counted here. */
export interface Tokenizer {
  readonly encoding: Encoding
  /** What a count of that encoding is multiplied with. */
  readonly factor: number
  /** False for an estimate: the model has another tokenizer, or an unknown one. */
  readonly exact: boolean
}

const O200K: Tokenizer = { encoding: 'o200k_base', factor: 1, exact: true }
const CL100K: Tokenizer = { encoding: 'cl100k_base', factor: 1, exact: true }
const UNKNOWN: Tokenizer = { encoding: 'o200k_base', factor: 1, exact: false }
/** Claude has no public tokenizer. Its text takes about 1.12 times the tokens of o200k, … */
const CLAUDE: Tokenizer = { encoding: 'o200k_base', factor: 1.12, exact: false }
/** … and 30 % more since Opus 4.7 and Sonnet 5, as its maker's page on token counting says. */
const CLAUDE_NEWER: Tokenizer = { encoding: 'o200k_base', factor: 1.12 * 1.3, exact: false }

/** The first that matches; the names begin where `NAME` finds them. */
const families: readonly (readonly [RegExp, Tokenizer])[] = [
  [/^gpt-4(?![.o\d])/, CL100K],
  [/^gpt-3\.?5/, CL100K],
  [/^text-embedding-(?:3|ada-002)/, CL100K],
  [/^(?:chatgpt-4o|gpt-4o|gpt-4\.?[15]|gpt-5|gpt-oss|o[134](?!\d))/, O200K],
  [/^claude-(?:opus-(?:4[-.](?:[7-9]|[1-9]\d)|[5-9])(?!\d)|sonnet-[5-9](?!\d)|fable|mythos)/, CLAUDE_NEWER],
  [/^claude/, CLAUDE],
]

/** After a provider (`openai/gpt-5`, `us.anthropic.claude-…`), a path (`models/…`) or the mark of a fine-tuned one (`ft:…`). */
const NAME = /(?:^|[/:.])((?:chat)?gpt-|o\d|text-embedding-|claude)/

/** A model that is not known is estimated with o200k_base. */
export function tokenizerFor(model: string): Tokenizer {
  const name = familyName(model)
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? UNKNOWN
}

export const isClaude = (model: string): boolean => familyName(model).startsWith('claude')

function familyName(model: string): string {
  const lower = model.toLowerCase()
  const found = NAME.exec(lower)
  return found ? lower.slice(found.index + found[0].length - found[1]!.length) : ''
}
