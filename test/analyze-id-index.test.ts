import { expect, test } from 'vitest'
import { IdIndex } from '../src/analyze/id-index.ts'
import { seeded } from './support/random.ts'

test('finds what a Map finds, of two with one id the first', () => {
  const random = seeded(3)
  const ids = Array.from({ length: 5_000 }, (_, i) => (i % 3 === 0 ? `${i}` : Math.floor(random() * 3_000).toString(16).padStart(16, '0')))
  const index = new IdIndex(ids.map((id) => ({ id })))
  for (const id of [...ids, '', 'x', 'größe', '0'.repeat(16)]) expect(index.get(id)).toBe(ids.includes(id) ? ids.indexOf(id) : undefined)
  expect(new IdIndex([]).get('a')).toBeUndefined()
})

test('ids that meet in one place are found all the same', () => {
  const meeting: string[] = []
  const sums = new Map<number, string[]>()
  const random = seeded(5)
  for (let i = 0; meeting.length === 0 && i < 400_000; i++) {
    const id = Math.floor(random() * 2 ** 40).toString(36)
    const low = lowBits(id)
    const same = sums.get(low)
    if (same === undefined) sums.set(low, [id])
    else same.push(id)
    if (same !== undefined && same.length >= 100) meeting.push(...new Set(same))
  }
  expect(meeting.length).toBeGreaterThan(90)
  const index = new IdIndex(meeting.map((id) => ({ id })))
  expect(meeting.map((id) => index.get(id))).toEqual(meeting.map((_, i) => i))
  expect(index.get('nothing')).toBeUndefined()
})

/** The slot that an id begins at in an index of about a hundred. */
function lowBits(id: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619)
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507)
  return (hash ^ (hash >>> 13)) & 0xfff
}
