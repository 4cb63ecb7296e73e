import { show } from '../../model/show.ts'

/** A limit on a figure of runs: a number for its p95 (for one run: its value), or one limit per statistic. */
export type Limit = number | { readonly p50?: number; readonly p95?: number; readonly p99?: number; readonly max?: number }

/** What runs may cost. Each limit is the largest value that is still allowed. */
export interface Budget {
  /** Milliseconds from the start of the run to its end. */
  readonly durationMs?: Limit
  /** US dollars. A run with a call whose price is unknown does not stay within any limit. */
  readonly costUsd?: Limit
  /** Input and output tokens. A run with a call that told none does not stay within any limit. */
  readonly tokens?: Limit
  readonly inputTokens?: Limit
  readonly outputTokens?: Limit
  /** The largest share of its model's context window that a call uses, 0 to 1. */
  readonly contextShare?: Limit
  readonly llmCalls?: Limit
  readonly toolCalls?: Limit
  /** By the name of the spans: each one's duration, and how many there are in a run. */
  readonly operations?: Readonly<Record<string, OperationBudget>>
  /** Codes of findings or observations that no run may have (`PAR001`), `any` for any finding, `failed` for a run that failed. */
  readonly failOn?: readonly string[]
  /** Fewer runs than this do not pass. Default 1. */
  readonly minRuns?: number
}

export interface OperationBudget {
  /** Milliseconds of a single span. */
  readonly durationMs?: Limit
  /** Spans in a run. */
  readonly count?: Limit
}

/** Limits by their names; `contextShare` is the only share. */
export const figureNames = [
  'durationMs', 'costUsd', 'tokens', 'inputTokens', 'outputTokens', 'contextShare', 'llmCalls', 'toolCalls',
] as const
export const operationFigureNames = ['durationMs', 'count'] as const
export const statistics = ['p50', 'p95', 'p99', 'max'] as const
const budgetNames: readonly string[] = [...figureNames, 'operations', 'failOn', 'minRuns']

/** `; did you mean tokens?` for a name and those that there are, or nothing. */
export type Suggest = (name: string, known: readonly string[]) => string

/**
 * A budget out of what a file or a test holds. Strict: a key that is not known is a problem and not ignored, because a limit that
 * nobody checks is worse than none.
 * @returns the budget, or one sentence for each thing that is wrong
 */
export function readBudget(value: unknown, suggest: Suggest = () => ''): { readonly budget: Budget } | { readonly problems: readonly string[] } {
  const reader = new BudgetReader(suggest)
  reader.budget(value)
  // It has been checked field by field.
  return reader.problems.length > 0 ? { problems: reader.problems } : { budget: value as Budget }
}

type Fields = Readonly<Record<string, unknown>>

class BudgetReader {
  readonly problems: string[] = []
  readonly #suggest: Suggest

  constructor(suggest: Suggest) {
    this.#suggest = suggest
  }

  budget(value: unknown): void {
    const fields = this.#fields('the budget', value, [...budgetNames, '$schema'])
    if (fields === undefined) return
    const named = Object.keys(fields).filter((key) => key !== '$schema' && fields[key] !== undefined)
    if (named.length === 0) this.problems.push(`the budget has no limit; there are ${budgetNames.join(', ')}`)
    for (const name of figureNames) this.#limit(name, fields[name])
    this.#operations(fields['operations'])
    this.#failOn(fields['failOn'])
    const { minRuns } = fields
    if (minRuns !== undefined && !(Number.isSafeInteger(minRuns) && Number(minRuns) >= 1)) {
      this.problems.push(`minRuns must be a whole number of at least 1, got ${show(minRuns)}`)
    }
  }

  #operations(value: unknown): void {
    if (value === undefined) return
    const operations = this.#fields('operations', value)
    for (const [name, limits] of Object.entries(operations ?? {})) {
      const path = `operations.${name}`
      const fields = this.#fields(path, limits, operationFigureNames)
      if (fields === undefined) continue
      if (Object.keys(fields).length === 0) this.problems.push(`${path} has no limit; there are ${operationFigureNames.join(', ')}`)
      for (const figure of operationFigureNames) this.#limit(`${path}.${figure}`, fields[figure])
    }
  }

  #failOn(value: unknown): void {
    if (value === undefined) return
    if (!Array.isArray(value)) this.problems.push(`failOn must be a list of codes such as ["PAR001"], got ${show(value)}`)
    else for (const code of value) if (!isCondition(code)) this.problems.push(`failOn takes codes such as PAR001, any, or failed; got ${show(code)}`)
  }

  #limit(name: string, value: unknown): void {
    if (value === undefined) return
    if (typeof value !== 'object' || value === null) {
      this.#number(name, value)
      return
    }
    const fields = this.#fields(name, value, statistics)
    if (fields === undefined) return
    if (Object.keys(fields).length === 0) this.problems.push(`${name} has no limit; there are ${statistics.join(', ')}`)
    for (const statistic of statistics) if (fields[statistic] !== undefined) this.#number(`${name}.${statistic}`, fields[statistic])
  }

  #number(name: string, value: unknown): void {
    const isShare = name.startsWith('contextShare')
    if (typeof value === 'number' && value >= 0 && value <= (isShare ? 1 : Number.MAX_VALUE)) return
    const wanted = isShare ? 'a share from 0 to 1' : 'a number of 0 or more, or limits by p50, p95, p99 and max'
    this.problems.push(`${name} must be ${wanted}, got ${show(value)}`)
  }

  #fields(name: string, value: unknown, known?: readonly string[]): Fields | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push(`${name} must be an object, got ${show(value)}`)
      return undefined
    }
    const fields = value as Fields
    for (const key of known === undefined ? [] : Object.keys(fields)) {
      if (known!.includes(key)) continue
      const names = known!.filter((one) => one !== '$schema')
      this.problems.push(`${name} has no ${show(key)}${this.#suggest(key, names) || `; there are ${names.join(', ')}`}`)
    }
    return fields
  }
}

export const isCondition = (code: unknown): code is string => typeof code === 'string' && /^([A-Z]{2,8}\d{3}|any|failed)$/.test(code)
