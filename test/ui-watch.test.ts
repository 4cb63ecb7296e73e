import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import type { RunList } from '../viewer/api.ts'
import type * as Scan from '../viewer/server/scan.ts'
import { draw } from './draw.ts'
import { Board } from './support/dashboard.ts'

/** Called between the look at a folder and whatever comes after it. */
let between: (scanned: Scan.Scanned) => void = () => {}
vi.mock('../viewer/server/scan.ts', async (load) => {
  const real = await load<typeof Scan>()
  return {
    ...real,
    scan: async (...args: Parameters<typeof real.scan>) => {
      const scanned = await real.scan(...args)
      between(scanned)
      return scanned
    },
  }
})

let board: Board
beforeEach(() => {
  board = new Board()
})
afterEach(async () => {
  between = () => {}
  await board.close()
  board.remove()
})

const run = (i: number): string => encodeTrace(draw('agent 0-100', { id: i.toString(16).padEnd(32, 'a'), name: `run ${i}` }))

/** Much sooner than the folder is looked at again, which is every 15 s. */
async function soon(names: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    expect((await board.api('runs?sort=name')).json<RunList>().runs.map(({ name }) => name)).toEqual(names)
  }, { timeout: 8_000, interval: 50 })
}

test('a file that comes after the first look and before the watch is seen', async () => {
  board.write('a.jsonl', run(1))
  between = () => {
    between = () => {}
    writeFileSync(join(board.folder, 'b.jsonl'), run(2))
  }
  await board.start()
  await soon(['run 1', 'run 2'])
}, 15_000)

test('so is one in a folder that has come while it runs', async () => {
  await board.start()
  let isDone = false
  between = ({ folders }) => {
    if (isDone || !folders.includes('deep')) return
    isDone = true
    writeFileSync(join(board.folder, 'deep', 'c.jsonl'), run(3))
  }
  board.write('deep/b.jsonl', run(2))
  await soon(['run 2', 'run 3'])
}, 15_000)
