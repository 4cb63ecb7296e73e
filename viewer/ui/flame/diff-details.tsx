import type { JSX } from 'preact'
import { cleanName } from '../../../reports/shared/text.ts'
import { CategoryName } from '../parts/category.tsx'
import type { DiffModel, DiffState } from './diff-picture.ts'
import { formatChange, formatDifference, formatSide } from './diff-scale.ts'
import { changeOf, presenceOf, presenceWords, type DiffSums } from './diff-tree.ts'
import { formatWeight } from './weights.ts'

interface DiffFrameProps {
  readonly model: DiffModel
  readonly sums: DiffSums
  readonly state: DiffState
  readonly frame: number
}

function rowsOf({ model, sums, state: { weight }, frame }: DiffFrameProps): (readonly [name: string, text: string])[] {
  const node = model.tree.nodes[frame]!
  const [base, next] = [sums.base.total[frame]!, sums.new.total[frame]!]
  const selves = [sums.base.self[frame]!, sums.new.self[frame]!].map((value) => formatWeight(weight, value))
  return [
    ['Base', formatSide(sums, 'base', weight, base)],
    ['New', formatSide(sums, 'new', weight, next)],
    ['Difference', formatDifference(weight, base, next)],
    ['Share', formatChange('share', weight, changeOf(sums, 'share', frame))],
    ['Self', selves.join(' → ')],
    ['Spans a run', [node.base.count, node.new.count].map((count) => String(Math.round(count * 100) / 100)).join(' → ')],
  ]
}

export function DiffTooltip(props: DiffFrameProps): JSX.Element {
  const { model, frame } = props
  const node = model.tree.nodes[frame]!
  const presence = presenceWords[presenceOf(node)]
  return (
    <>
      <p class="flame-tip-name">{model.names[frame]}{presence !== '' && <span class="muted"> ({presence})</span>}</p>
      <CategoryName category={node.category} />
      <dl>{rowsOf(props).map(([name, text]) => <Row key={name} name={name} text={text} />)}</dl>
    </>
  )
}

const Row = ({ name, text }: { readonly name: string; readonly text: string }): JSX.Element => <><dt>{name}</dt><dd>{text}</dd></>

/** In one sentence, for the live region. */
export function diffWords(model: DiffModel, sums: DiffSums, state: DiffState, frame: number): string {
  const node = model.tree.nodes[frame]!
  const presence = presenceWords[presenceOf(node)]
  const head = `${model.names[frame]}, ${cleanName(node.category || 'internal')}${presence === '' ? '' : `, ${presence}`}`
  return [head, ...rowsOf({ model, sums, state, frame }).map(([name, text]) => `${name} ${text}`)].join('; ')
}
