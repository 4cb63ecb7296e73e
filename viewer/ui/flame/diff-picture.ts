import { cleanName } from '../../../reports/shared/text.ts'
import type { DiffNode } from '../../api.ts'
import { changeOf, diffSums, flattened, presenceOf, presenceWords, widthsOf, type Change, type DiffSums, type DiffTree, type Width } from './diff-tree.ts'
import { colourOf, formatChange, scaleOf, SCALE, signOf, type Scale } from './diff-scale.ts'
import { largestFirst, stackedLayout } from './layout.ts'
import type { Picture } from './paint.ts'
import { matcherOf, matchesIn } from './search.ts'
import type { Weight } from './weights.ts'

export interface DiffState {
  readonly weight: Weight
  readonly width: Width
  readonly change: Change
  readonly search: string
}

export interface DiffModel {
  readonly tree: DiffTree
  /** Fit to be shown. */
  readonly names: readonly string[]
  readonly sums: (weight: Weight) => DiffSums
}

export interface DiffPicture {
  readonly picture: Picture
  readonly sums: DiffSums
  readonly scale: Scale
  readonly matches: { readonly count: number; readonly base: number; readonly new: number } | undefined
}

export function diffModel(root: DiffNode): DiffModel {
  const tree = flattened(root)
  const known = new Map<Weight, DiffSums>()
  return {
    tree,
    names: tree.nodes.map(({ name }) => cleanName(name)),
    sums: (weight) => {
      let sums = known.get(weight)
      if (sums === undefined) known.set(weight, (sums = diffSums(tree, weight)))
      return sums
    },
  }
}

export const isShown = ({ layout }: Picture, frame: number): boolean => (layout.row[frame] ?? -1) !== -1

export function diffPicture(model: DiffModel, { weight, width, change, search }: DiffState): DiffPicture {
  const { tree, names } = model
  const { forest, nodes } = tree
  const sums = model.sums(weight)
  const widths = widthsOf(tree, sums, width)
  const tie = (a: number, b: number): number => (names[a]! < names[b]! ? -1 : names[a]! > names[b]! ? 1 : a - b)
  const layout = stackedLayout(forest, widths, largestFirst(widths, tie))
  const scale = scaleOf(sums, change, forest.count)
  const matches = matchesOf(model, sums, search)
  const picture: Picture = {
    layout, palette: SCALE,
    fill: Uint8Array.from(nodes, (_, frame) => colourOf(scale, changeOf(sums, change, frame))),
    shown: matches?.frames,
    outlined: nodes.flatMap((node, frame) => (presenceOf(node) === 'added' ? [frame] : [])),
    outlineColor: '--ink',
    hatched: Uint8Array.from(nodes, (node) => (presenceOf(node) === 'gone' ? 1 : 0)),
    name: (frame) => names[frame]!,
    figures: (frame) => {
      const presence = presenceWords[presenceOf(nodes[frame]!)]
      const text = formatChange(change, weight, changeOf(sums, change, frame))
      return presence === '' ? [text] : [`${presence} ${text}`, text]
    },
    sign: (frame) => signOf(colourOf(scale, changeOf(sums, change, frame))),
  }
  return { picture, sums, scale, matches }
}

function matchesOf({ tree: { forest }, names }: DiffModel, sums: DiffSums, search: string): (DiffPicture['matches'] & { readonly frames: Uint8Array }) | undefined {
  if (search.trim() === '') return undefined
  const isMatch = matcherOf(search)
  const wanted = Uint8Array.from(names, (name) => (isMatch(name) ? 1 : 0))
  const itself = Int32Array.from(names, (_, frame) => frame)
  const base = matchesIn(forest, itself, wanted, sums.base)
  return { frames: base.frames, count: wanted.reduce((count, one) => count + one, 0), base: base.total, new: matchesIn(forest, itself, wanted, sums.new).total }
}
