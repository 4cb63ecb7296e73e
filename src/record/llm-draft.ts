import type { Usage } from '../model/usage.ts'
import type { LlmDraft } from './recorder.ts'

/** Adds to `llm` what only the lesser observer knows. @returns what was added */
export function fill(llm: LlmDraft, { usage, streamed, ...more }: LlmDraft): Partial<LlmDraft> {
  const added: Record<string, unknown> = {}
  const known = llm as unknown as Record<string, unknown>
  for (const [name, value] of Object.entries(more)) if (known[name] === undefined && value !== undefined) known[name] = added[name] = value
  if (usage !== undefined && llm.usage?.complete !== true) llm.usage = added['usage'] = usage
  llm.streamed ||= streamed
  return added
}

/** Takes away again what was added, as far as it still stands there. */
export function unfill(llm: LlmDraft, added: Partial<LlmDraft>): void {
  const known = llm as unknown as Record<string, unknown>
  for (const [name, value] of Object.entries(added)) if (known[name] === value) delete known[name]
}

/** Brings a draft into another run, which began so many nanoseconds earlier. What it sent is in the log of the first one. */
export function shiftTimes(llm: LlmDraft, ns: number): void {
  delete llm.request
  for (const attempt of llm.attempts ?? []) {
    attempt.start += ns
    if (attempt.firstByte !== undefined) attempt.firstByte += ns
    if (attempt.end !== undefined) attempt.end += ns
  }
  if (llm.firstToken !== undefined) llm.firstToken += ns
  if (llm.lastToken !== undefined) llm.lastToken += ns
}

/** Puts what a client told in a run that began so many nanoseconds earlier into what its framework knows. */
export function takeOver(llm: LlmDraft, told: LlmDraft, ns: number): void {
  shiftTimes(told, ns)
  fill(llm, told)
  if (told.usage !== undefined) llm.usage = told.usage
}

/** Whether the counts are those of one of the others, or of all together. */
export function isSumOf(usage: Usage, others: readonly (Usage | undefined)[]): boolean {
  const countsOf = (one: Usage | undefined): readonly [number, number] => [one?.input?.total ?? 0, one?.output?.total ?? 0]
  const [input, output] = countsOf(usage)
  let [inputs, outputs] = [0, 0]
  for (const other of others) {
    const [ofInput, ofOutput] = countsOf(other)
    if (ofInput === input && ofOutput === output) return true
    inputs += ofInput
    outputs += ofOutput
  }
  return inputs === input && outputs === output
}
