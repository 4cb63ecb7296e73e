import { describe, expect, test } from 'vitest'
import type { Replay } from '../src/model/replay.ts'
import { askedOf, inAddress, questionOf, shortenedBy, type Asked } from '../viewer/ui/what-if/question.ts'

const together = { together: [[1, 2]] }
const shorter = { shorter: { spans: [3], byNs: [5] } }
/** Three findings, of which the second was not simulated. */
const replay: Replay = {
  needs: { first: Int32Array.of(0), all: Int32Array.of() }, proven: { groupOf: Int32Array.of(-1) }, changes: [together, null, shorter],
}
const asked = (query: string, finding?: number): Asked => askedOf(new URLSearchParams(query), finding, replay)

describe('what is asked of the simulation', () => {
  test.each([
    ['', undefined, { findings: [], schedule: 'proven', limit: undefined }],
    ['', 2, { findings: [2], schedule: 'measured', limit: undefined }],
    ['', 1, { findings: [], schedule: 'measured', limit: undefined }],
    ['with=2,0,2', undefined, { findings: [0, 2], schedule: 'measured', limit: undefined }],
    ['with=0', 2, { findings: [0], schedule: 'measured', limit: undefined }],
    ['with=&schedule=possible&limit=3', undefined, { findings: [], schedule: 'possible', limit: 3 }],
    ['with=9,-1,x,1&schedule=best&limit=-2', undefined, { findings: [], schedule: 'measured', limit: undefined }],
    ['limit=1.5&with=__proto__', undefined, { findings: [], schedule: 'measured', limit: undefined }],
  ] as const)('%j, finding %j', (query, finding, expected) => {
    expect(asked(query, finding)).toEqual(expected)
  })

  test('stands in the address and comes back', () => {
    for (const one of [asked('with=0,2&schedule=possible&limit=4'), asked('with='), asked('with=2&schedule=proven')]) {
      const query = new URLSearchParams(Object.entries(inAddress(one)).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])))
      expect(askedOf(query, undefined, replay)).toEqual(one)
    }
  })

  test('is put to the simulation', () => {
    expect(questionOf(asked('with=0,2&schedule=possible&limit=4'), replay)).toEqual({ change: [together, shorter], schedule: 'possible', concurrency: 4 })
    expect(questionOf(asked('with='), replay)).toEqual({ change: [] })
  })

  test('tells which spans the findings themselves make shorter', () => {
    const times = { start: Float64Array.of(0, 0, 2, 4), end: Float64Array.of(9, 2, 4, 9) }
    const answer = { start: times.start, end: Float64Array.of(4, 2, 4, 4) }
    expect(shortenedBy(asked('with=0,2'), replay, times, answer)).toEqual(Uint8Array.of(0, 0, 0, 1))
    expect(shortenedBy(asked('with=0,2'), replay, times, times)).toBeUndefined()
    expect(shortenedBy(asked('with=0'), replay, times, answer)).toBeUndefined()
  })
})
