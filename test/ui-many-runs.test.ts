import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunList, RunStatistics } from '../viewer/api.ts'
import { Board } from './support/dashboard.ts'
import { syntheticIndex } from './support/many-summaries.ts'

const RUNS = 100_000
const END = Date.UTC(2026, 10, 20)

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void
/** Also of what lies beside the heap. */
const heldBytes = (): number => {
  gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** On a machine that does other things as well, only what we take of it counts. */
async function cpuMs<T>(act: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const before = process.cpuUsage()
  const result = await act()
  const { user, system } = process.cpuUsage(before)
  return { ms: (user + system) / 1_000, result }
}

let board: Board
let startMs: number
let held: number
beforeAll(async () => {
  board = new Board()
  mkdirSync(board.folder, { recursive: true })
  const file = openSync(join(board.folder, '.index.jsonl'), 'w')
  let lines: string[] = []
  for (const line of syntheticIndex(RUNS, '1.2.3', END)) {
    lines.push(line)
    if (lines.length < 1_000) continue
    writeSync(file, lines.join(''))
    lines = []
  }
  writeSync(file, lines.join(''))
  closeSync(file)
  const before = heldBytes()
  startMs = (await cpuMs(() => board.start({ nowEpochMs: () => 0 }))).ms
  held = heldBytes() - before
}, 60_000)
afterAll(async () => {
  await board.close()
  board.remove()
})

describe('a hundred thousand runs', () => {
  test('are there after a start, and fit', () => {
    expect(board.dashboard.info().runs).toBe(RUNS)
    expect(held / RUNS).toBeLessThan(600)
    // Two seconds of a machine that does nothing else; several times that where tests run beside each other.
    expect(startMs).toBeLessThan(6_000)
  })

  test.each([
    ['', RUNS], ['?q=support+claude', undefined], ['?model=gpt-5.1&tag=branch%3Dmain&finding=PAR001&finding=CTX002', undefined], ['?outcome=failed&sort=-cost&limit=500', undefined],
    ['?sort=name&offset=99000', RUNS], ['?sort=-tokens', RUNS], [`?from=${END - 3_600_000}`, 360], ['?q=nothing+like+it', 0],
  ])('runs%s', async (query, total) => {
    const { ms, result } = await cpuMs(async () => (await board.api(`runs${query}`)).json<RunList>())
    expect(ms).toBeLessThan(3_000)
    if (total !== undefined) expect(result.total).toBe(total)
    const counted = result.facets.outcome.reduce((sum, { runs }) => sum + runs, 0)
    expect(counted).toBe(result.total)
    expect(result.runs.length).toBeLessThanOrEqual(500)
  })

  test('have figures', async () => {
    const { ms, result } = await cpuMs(async () => (await board.api('statistics')).json<RunStatistics>())
    expect(ms).toBeLessThan(3_000)
    expect([result.runs, result.operations.length, result.buckets.reduce((sum, { runs }) => sum + runs, 0)]).toEqual([RUNS, 12, RUNS])
    expect(result.buckets.length).toBeLessThanOrEqual(41)
    for (const { durationNs, count, runs } of result.operations) {
      expect(durationNs.p50).toBeLessThanOrEqual(durationNs.p95)
      expect(count).toBeGreaterThanOrEqual(runs)
    }
  })
})
