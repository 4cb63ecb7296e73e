import type { DependencyEvidence } from '../../../src/model/analysis.ts'
import { valueText } from '../../../reports/shared/evidence.ts'
import type { RunModel } from '../run/run-model.ts'

/** What a span has to do with another one. */
export interface Tie {
  readonly other: number
  /** `needs`: it needed the other; `needed`: the other needed it; `free`: neither, and yet they ran one after another. */
  readonly kind: 'needs' | 'needed' | 'free'
  readonly evidence: readonly DependencyEvidence[]
}

/** Proven ties by place of the span. */
export function tiesOf(run: RunModel): ReadonlyMap<number, readonly Tie[]> {
  const ties = new Map<number, Tie[]>()
  const add = (span: number, tie: Tie): void => {
    const own = ties.get(span)
    if (own === undefined) ties.set(span, [tie])
    else own.push(tie)
  }
  for (const { from, to, verdict, evidence } of run.analysis.dependencies?.pairs ?? []) {
    const [first, second] = [run.placeOf(from), run.placeOf(to)]
    if (first === undefined || second === undefined) continue
    const isFree = verdict === 'independent'
    add(second, { other: first, kind: isFree ? 'free' : 'needs', evidence })
    add(first, { other: second, kind: isFree ? 'free' : 'needed', evidence })
  }
  return ties
}

/** In words, with the evidence: `needs search: got an identifier from it (×2)`. */
export function tieTexts(run: RunModel, ties: readonly Tie[]): string[] {
  const counts = new Map<string, number>()
  for (const tie of ties) {
    const text = tieText(run, tie)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (×${count})`))
}

function tieText(run: RunModel, { other, kind, evidence }: Tie): string {
  const name = run.name(other)
  const because = evidence.map((one) => evidenceText(one, kind)).filter((text) => text !== '').join('; ')
  const what = kind === 'needs' ? `needs ${name}` : kind === 'needed' ? `needed by ${name}` : `could have run with ${name}`
  return because === '' ? what : `${what}: ${because}`
}

function evidenceText(evidence: DependencyEvidence, kind: Tie['kind']): string {
  const isLater = kind === 'needs'
  switch (evidence.kind) {
    case 'issued': return isLater ? 'its answer asked for this' : 'the answer asked for it'
    case 'carried': return isLater ? 'the request carries its result' : 'its request carries the result'
    case 'answer': return isLater ? 'the request carries its answer' : 'its request carries the answer'
    case 'value': return isLater ? `got ${valueText(evidence)} from it` : `gave it ${valueText(evidence)}`
    case 'declared': return 'declared'
    case 'issued-together': return 'one answer asked for both'
    case 'known-before': return 'all that went into the later one was known before the other began'
  }
}
