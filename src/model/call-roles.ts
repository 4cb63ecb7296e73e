import type { Category, LlmDetail } from './span.ts'

/**
 * - `call`: it counts, with its usage where that is known.
 * - `aggregate`: the calls below it count, and what it says repeats them.
 * - `part`: the call above it counts, and it is a step of that.
 */
export type CallRole = 'call' | 'aggregate' | 'part'

/** What the rule asks of a span: the trace's own, or one that an importer has found. */
export interface CallLike {
  readonly category: Category
  readonly llm?: { readonly usage?: LlmDetail['usage'] | undefined } | undefined
}

/**
 * Which spans count as calls of a model, so that no token counts twice. Undefined for spans that are none.
 *
 * A span that carries usage of its own repeats what calls below it tell, unless it is a call (`llm`) and all of them are below a
 * tool or an agent: then they are the work of another agent, which a tool of this call began. Frameworks that run tools inside
 * the span of the answer that asked for them (Google's ADK, `call_llm` > `execute_tool`) record it so, and each of the two has
 * tokens of its own. Where its counts are exactly the sum of theirs, it repeats them all the same: a wrapper that adds up.
 *
 * Agents and other spans with usage, which sum up what runs in them, repeat whatever is below them at any depth.
 *
 * @param parents the index of each span's parent, -1 for a root @param topDown all indexes, parents before their children
 */
export function callRoles(
  spans: readonly CallLike[], parents: ArrayLike<number>, topDown: ArrayLike<number>,
): (CallRole | undefined)[] {
  const roles: (CallRole | undefined)[] = spans.map((span) => (isModel(span) ? 'call' : undefined))
  if (!isNested(roles, parents, topDown)) return roles
  findAggregates(roles, spans, parents, topDown)
  const inside: ('call' | 'other' | undefined)[] = spans.map(() => undefined)
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    const { category } = spans[i]!
    const above = inside[parents[i]!]
    // Another agent's work is no part of the call whose tool began it; of an agent that counts as a whole it is.
    inside[i] = above === 'call' && isBorder(category) ? undefined : above
    if (roles[i] === undefined) continue
    if (inside[i] !== undefined) roles[i] = 'part'
    else if (roles[i] === 'call') inside[i] = category === 'llm' ? 'call' : 'other'
  }
  return roles
}

/** Whether any call lies below another; where none does, each counts. */
function isNested(roles: readonly (CallRole | undefined)[], parents: ArrayLike<number>, topDown: ArrayLike<number>): boolean {
  const inside = new Uint8Array(roles.length)
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    const isInside = parents[i]! !== -1 && inside[parents[i]!] === 1
    if (roles[i] !== undefined && isInside) return true
    if (roles[i] !== undefined || isInside) inside[i] = 1
  }
  return false
}

/** What is below a span, as bits: calls of a model, with usage, and those with no tool or agent in between. */
const MODELS = 1
const USED = 2
const NEAR_MODELS = 4
const NEAR_USED = 8

function findAggregates(
  roles: (CallRole | undefined)[], spans: readonly CallLike[], parents: ArrayLike<number>, topDown: ArrayLike<number>,
): void {
  const below = new Uint8Array(spans.length)
  const input = new Float64Array(spans.length)
  const output = new Float64Array(spans.length)
  for (let at = topDown.length - 1; at >= 0; at--) {
    const i = topDown[at]!
    const span = spans[i]!
    const usage = span.llm?.usage
    const isUsed = usage?.input !== undefined || usage?.output !== undefined
    const isSum = isUsed && (usage.input?.total ?? 0) === input[i] && (usage.output?.total ?? 0) === output[i]
    if (roles[i] !== undefined && repeats(span.category === 'llm', isUsed, below[i]!, isSum)) roles[i] = 'aggregate'
    const p = parents[i]!
    if (p === -1) continue
    const found = (roles[i] === undefined ? 0 : MODELS | NEAR_MODELS) | (isUsed ? USED | NEAR_USED : 0) | below[i]!
    below[p]! |= isBorder(span.category) ? found & (MODELS | USED) : found
    const isCounted = roles[i] === 'call'
    input[p]! += input[i]! + (isCounted ? usage?.input?.total ?? 0 : 0)
    output[p]! += output[i]! + (isCounted ? usage?.output?.total ?? 0 : 0)
  }
}

function repeats(isCall: boolean, isUsed: boolean, below: number, isSum: boolean): boolean {
  const near = isUsed ? NEAR_USED : NEAR_MODELS
  const any = isUsed ? USED : MODELS
  if (!isCall) return (below & any) !== 0
  return (below & near) !== 0 || ((below & USED) !== 0 && isSum)
}

const isModel = ({ category, llm }: CallLike): boolean => llm !== undefined || category === 'llm'

const isBorder = (category: Category): boolean => category === 'tool' || category === 'agent'
