import type { WaitsFor } from '../../../src/model/marks.ts'
import { fields, text, type Fields } from '../json.ts'

/** A call of a tool with what the file has of its result. */
export interface Returned {
  readonly name: string
  readonly input: unknown
  /** The block that the model was given. */
  readonly block: Fields
  /** `toolUseResult`: what the program noted for itself. */
  readonly noted: unknown
  /** The text of the result. */
  readonly said: string
}

/** Tools that ask, by the names in the program's list of tools: each shows a question or a plan and goes on with the answer. */
const ASKING: ReadonlySet<string> = new Set(['AskUserQuestion', 'ExitPlanMode', 'EnterPlanMode'])
/** Tools that wait for a task that runs in the background. */
const AWAITING: ReadonlySet<string> = new Set(['TaskOutput', 'AgentOutputTool'])
const STARTING: ReadonlySet<string> = new Set(['Task', 'Agent'])

/** What the program writes as the result when somebody said no. */
const REFUSED = /doesn't want to (proceed|take this action)|\[Request interrupted/

export const isRefused = ({ block, said }: Pick<Returned, 'block' | 'said'>): boolean => block['is_error'] === true && REFUSED.test(said)

/**
 * What the tool's time was spent on, by what the result itself shows, and for tools that do nothing else by their name. A permission that
 * was given leaves no trace in the file: that wait stays in the tool's own time.
 */
export function waitsFor({ name, input, block, noted, said }: Returned): WaitsFor | undefined {
  const facts = fields(noted)
  const hasAnswers = fields(facts?.['answers']) !== undefined && facts?.['questions'] !== undefined
  if (isRefused({ block, said }) || noted === 'User rejected tool use' || hasAnswers || ASKING.has(name)) return 'person'
  if (text(facts?.['retrieval_status']) !== undefined || AWAITING.has(name)) return 'work'
  // What was launched in the background came back at once.
  if (facts?.['isAsync'] === true || facts?.['status'] === 'async_launched') return undefined
  const isAgent = text(fields(input)?.['subagent_type']) !== undefined || typeof facts?.['totalToolUseCount'] === 'number'
  return isAgent || STARTING.has(name) ? 'agent' : undefined
}
