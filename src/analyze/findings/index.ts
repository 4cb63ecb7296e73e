import type { Amount, Finding, Observation } from '../../model/analysis.ts'
import type { Facts } from '../facts.ts'
import { byText } from '../totals.ts'
import type { Detector } from './shared.ts'
import { failures } from './failures.ts'
import { fullContext } from './full-context.ts'
import { llmShare } from './llm-share.ts'
import { retries } from './retries.ts'
import { sequentialLlmCalls } from './sequential-llm.ts'
import { sequentialTools } from './sequential-tools.ts'
import { slowTool } from './slow-tool.ts'
import { toolShare } from './tool-share.ts'

/** Every detector, one per file of this folder. */
export const detectors: readonly Detector[] = [
  sequentialTools,
  sequentialLlmCalls,
  retries,
  toolShare,
  slowTool,
  llmShare,
  fullContext,
  failures,
]

export interface Detected {
  readonly findings: readonly Finding[]
  readonly observations: readonly Observation[]
}

/** Findings by what they save for certain, then by what they could save; observations in the order of the detectors. */
export function detect(facts: Facts): Detected {
  const findings: Finding[] = []
  const observations: Observation[] = []
  for (const detector of detectors) {
    for (const seen of detector(facts)) {
      if ('saving' in seen) findings.push(seen)
      else observations.push(seen)
    }
  }
  findings.sort((a, b) => bound(b, 'low') - bound(a, 'low') || bound(b, 'high') - bound(a, 'high')
    || byText(a.code, b.code) || byText(a.title, b.title))
  return { findings, observations }
}

const bound = ({ saving: { timeNs = 0 } }: Finding, which: 'low' | 'high'): number => amount(timeNs, which)

const amount = (value: Amount, which: 'low' | 'high'): number => (typeof value === 'number' ? value : value[which])
