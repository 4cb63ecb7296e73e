import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { DiffNode } from '../viewer/api.ts'
import { diffTree } from '../viewer/server/compare.ts'
import { diffModel, diffPicture, type DiffState } from '../viewer/ui/flame/diff-picture.ts'
import { colourOf, formatChange, formatDifference, formatSide, SCALE, scaleOf, scaleWords } from '../viewer/ui/flame/diff-scale.ts'
import { changeOf, diffSums, flattened, largestChanges, shareOf, widthsOf } from '../viewer/ui/flame/diff-tree.ts'
import { draw, text } from './draw.ts'
import { concurrentTrace } from './support/random-run.ts'

const between = (base: string, next: string): DiffNode => diffTree([analyze(draw(base))], [analyze(draw(next))])

const tree = between(`
  agent 0-100
    plan 0-20
    search 20-70
      fetch 20-70
    legacy 70-100
`, `
  agent 0-200
    plan 0-100
    search 100-150
      fetch 100-150
    rerank 150-200
`)
const model = diffModel(tree)
const look = (changes: Partial<DiffState> = {}) => diffPicture(model, { weight: 'path', width: 'new', change: 'share', search: '', ...changes })

/** Row after row, `name from-to figure colour`, widths in hundredths of the whole. */
function shown({ picture }: ReturnType<typeof look>): string {
  const { layout } = picture
  const part = (x: number): number => Math.round((x / layout.axis.to) * 100)
  return Array.from({ length: layout.rows }, (_, row) => {
    const frames = [...layout.byRow.subarray(layout.firstInRow[row], layout.firstInRow[row + 1])]
    return frames.map((frame) => `${picture.name(frame)} ${part(layout.from[frame]!)}-${part(layout.to[frame]!)} ${picture.figures(frame)[0]} ${SCALE[picture.fill[frame]!]}`).join(', ')
  }).join('\n')
}

describe('the picture of a difference', () => {
  test('as wide as the share on the new side, coloured by how its share changed', () => {
    expect(shown(look())).toBe(text(`
      agent 0-100 ±0.0 points --same
      plan 0-50 +30.0 points --more-3, rerank 50-75 new +25.0 points --more-3, search 75-100 −25.0 points --less-3
      fetch 75-100 −25.0 points --less-3
    `))
  })

  test('by the old side; what is new has no width there', () => {
    expect(shown(look({ width: 'base', change: 'absolute' }))).toBe(text(`
      agent 0-100 +100 ms --more-3
      search 0-50 ±0 --same, legacy 50-80 gone −30.0 ms --less-2, plan 80-100 +80.0 ms --more-3
      fetch 0-50 ±0 --same
    `))
  })

  test('by the larger share of both: nothing is missing', () => {
    const both = look({ width: 'both' })
    expect(both.picture.layout.byRow.length).toBe(6)
    expect(shown(both).split('\n')[1]!.split(', ').map((frame) => frame.split(' ')[0])).toEqual(['plan', 'search', 'legacy', 'rerank'])
  })

  test('what is new is outlined, what is gone hatched, and each frame says in which direction it went', () => {
    const { picture } = look({ width: 'both' })
    const names = (is: (frame: number) => boolean): string[] => model.names.filter((_, frame) => is(frame))
    expect(names((frame) => picture.outlined.includes(frame))).toEqual(['rerank'])
    expect(names((frame) => picture.hatched![frame] === 1)).toEqual(['legacy'])
    expect(model.names.map((name, frame) => `${picture.sign!(frame)}${name}`)).toEqual(['agent', '+plan', '−search', '−legacy', '+rerank', '−fetch'])
  })

  test('search says how much of both sides it is', () => {
    expect(look({ search: 'plan' }).matches).toMatchObject({ count: 1, base: 20e6, new: 100e6 })
    expect(look({ search: ' ' }).matches).toBeUndefined()
  })

  test('the largest differences are those of operations themselves', () => {
    const sums = model.sums('path')
    expect(largestChanges(model.tree, sums, 'share', 3).map((frame) => `${model.names[frame]} ${formatChange('share', 'path', changeOf(sums, 'share', frame, 'self'))}`))
      .toEqual(['legacy −30.0 points', 'plan +30.0 points', 'fetch −25.0 points'])
  })

  test('nothing known on either side', () => {
    const { picture, matches } = look({ weight: 'cost', search: 'plan' })
    expect([picture.layout.rows, matches?.base]).toEqual([0, 0])
  })
})

describe('laws', () => {
  const trees = Array.from({ length: 30 }, (_, i) => flattened(diffTree([analyze(concurrentTrace(2 * i + 1))], [analyze(concurrentTrace(2 * i + 2)), analyze(concurrentTrace(i + 100))])))

  test('widths add up on either side and on both', () => {
    for (const one of trees) {
      for (const weight of ['path', 'time', 'tokens', 'cost'] as const) {
        const sums = diffSums(one, weight)
        for (const width of ['base', 'new', 'both'] as const) {
          const widths = widthsOf(one, sums, width)
          const inside = new Float64Array(widths.length)
          one.forest.parent.forEach((parent, frame) => parent !== -1 && (inside[parent]! += widths[frame]!))
          widths.forEach((whole, frame) => expect(inside[frame]!).toBeLessThanOrEqual(whole * (1 + 1e-9)))
        }
        // The larger share of a frame is at least that of each side.
        widthsOf(one, sums, 'both').forEach((both, frame) => {
          for (const side of ['base', 'new'] as const) expect(both).toBeGreaterThanOrEqual(shareOf(sums[side], sums[side].total[frame]!) - 1e-9)
        })
      }
    }
  })

  test('changes of shares by themselves add up to nothing; the other way round they are the opposite', () => {
    for (const one of trees) {
      const sums = diffSums(one, 'path')
      const turned = { base: sums.new, new: sums.base }
      const changes = one.nodes.map((_, frame) => changeOf(sums, 'share', frame, 'self'))
      expect(changes.reduce((sum, change) => sum + change, 0)).toBeCloseTo(0, 9)
      const scale = scaleOf(sums, 'share', one.nodes.length)
      expect(scaleOf(turned, 'share', one.nodes.length)).toEqual(scale)
      one.nodes.forEach((_, frame) => {
        expect(changeOf(turned, 'share', frame)).toBeCloseTo(-changeOf(sums, 'share', frame), 12)
        expect(colourOf(scale, changeOf(turned, 'share', frame))).toBe(SCALE.length - 1 - colourOf(scale, changeOf(sums, 'share', frame)))
      })
    }
  })
})

describe('the scale', () => {
  test('from less to more; noise has the colour of nothing', () => {
    expect([-1, -0.5, -0.3, -0.1, -0.01, 0, 0.01, 0.1, 0.3, 1].map((change) => SCALE[colourOf({ full: 1 }, change)]!.slice(2)))
      .toEqual(['less-3', 'less-3', 'less-2', 'less-1', 'same', 'same', 'same', 'more-1', 'more-2', 'more-3'])
    expect(colourOf({ full: 0 }, 0)).toBe(3)
  })

  test('never finer than a hundredth of the whole', () => {
    const same = flattened(between('agent 0-100\n  a 0-50', 'agent 0-100\n  a 0-50.1'))
    expect(scaleOf(diffSums(same, 'path'), 'share', 2).full).toBe(0.01)
    expect(scaleOf(diffSums(same, 'path'), 'absolute', 2).full).toBe(1e6)
  })

  test('in words', () => {
    expect(scaleWords({ full: 0.1 }, 'share', 'path')).toEqual([
      '−10.0 points to −5.0 points', '−5.0 points to −2.0 points', '−2.0 points to −0.2 points', 'about the same: −0.2 points to +0.2 points',
      '+0.2 points to +2.0 points', '+2.0 points to +5.0 points', '+5.0 points to +10.0 points',
    ])
    const sums = model.sums('path')
    expect([formatSide(sums, 'base', 'path', 20e6), formatSide(sums, 'new', 'path', 0), formatDifference('path', 20e6, 100e6), formatDifference('path', 0, 5e6), formatDifference('path', 5e6, 5e6), formatDifference('tokens', 100, 40)])
      .toEqual(['20.0 ms · 20 %', '–', '+80.0 ms (+400 %)', '+5.00 ms', '±0', '−60 (−60 %)'])
  })
})
