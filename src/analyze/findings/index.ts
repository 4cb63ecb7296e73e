import type { Amount, Finding, Observation, Saving } from '../../model/analysis.ts'
import type { ReplayChange } from '../../model/replay.ts'
import type { Facts } from '../facts.ts'
import { byText } from '../totals.ts'
import type { Detection, Detector } from './shared.ts'
import { cacheBreaks } from './cache-breaks.ts'
import { neverCached } from './cache-never.ts'
import { unusedDefinitions } from './context-definitions.ts'
import { duplicateContent } from './context-duplicates.ts'
import { growingContext } from './context-growth.ts'
import { unusedResults } from './context-results.ts'
import { cutOff } from './cut-off.ts'
import { embeddingBatches } from './embedding-batch.ts'
import { failures } from './failures.ts'
import { fullContext } from './full-context.ts'
import { llmShare } from './llm-share.ts'
import { loops } from './loop-turns.ts'
import { otherModels } from './money-other-models.ts'
import { fanOutLimits } from './par-fan-out.ts'
import { longPoles } from './par-long-pole.ts'
import { turnsInOne } from './par-turns.ts'
import { independentByValues } from './par-values.ts'
import { repeatedRequests } from './repeat-requests.ts'
import { repeatedTools } from './repeat-tools.ts'
import { retries, retryStorms } from './retries.ts'
import { sequentialLlmCalls } from './sequential-llm.ts'
import { sequentialTools } from './sequential-tools.ts'
import { slowTool } from './slow-tool.ts'
import { smallOutputs } from './small-output.ts'
import { toolShare } from './tool-share.ts'

/** Every detector, one per file of this folder. */
export const detectors: readonly Detector[] = [
  sequentialTools,
  sequentialLlmCalls,
  independentByValues,
  turnsInOne,
  longPoles,
  fanOutLimits,
  retries,
  retryStorms,
  repeatedTools,
  loops,
  repeatedRequests,
  embeddingBatches,
  cutOff,
  toolShare,
  slowTool,
  llmShare,
  smallOutputs,
  otherModels,
  fullContext,
  growingContext,
  unusedDefinitions,
  unusedResults,
  duplicateContent,
  cacheBreaks,
  neverCached,
  failures,
]

export interface Detected {
  readonly findings: readonly Finding[]
  readonly observations: readonly Observation[]
  /** For each finding what its time was simulated with; undefined where it was not. */
  readonly changes: readonly ((() => ReplayChange) | undefined)[]
}

/**
 * Findings by the time that they save for certain, then by what they could save; by money and tokens where the time is the same or
 * unknown. Observations in the order of the detectors.
 */
export function detect(facts: Facts): Detected {
  const found: Detection[] = []
  const observations: Observation[] = []
  for (const detector of detectors) {
    for (const seen of detector(facts)) {
      if ('saving' in seen) found.push(seen)
      else observations.push(seen)
    }
  }
  found.sort((a, b) => bySaving(a, b, 'timeNs') || bySaving(a, b, 'costUsd') || bySaving(a, b, 'tokens')
    || byText(a.code, b.code) || byText(a.title, b.title))
  return {
    findings: found.map(({ change: _, ...finding }): Finding => finding),
    changes: found.map(({ change }) => change),
    observations,
  }
}

function bySaving(one: Finding, other: Finding, what: keyof Saving): number {
  const [a, b] = [one.saving[what] ?? 0, other.saving[what] ?? 0]
  return amount(b, 'low') - amount(a, 'low') || amount(b, 'high') - amount(a, 'high')
}

const amount = (value: Amount, which: 'low' | 'high'): number => (typeof value === 'number' ? value : value[which])
