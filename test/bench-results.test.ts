import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { measuredOn, resultsFile, type Measured } from '../bench/results.ts'

const measured = (title: string, median: number): Measured => ({
  bench: { name: title, title, how: 'by hand', measure: () => [] }, figures: [{ what: 'it', unit: 'ms', median, limit: 3 }],
})

const TITLES = ['A span', 'An analysis', 'The command']
const FIRST = measuredOn('2026-11-27', 'One machine.\nopenai 7.')
const SECOND = measuredOn('2026-11-28', 'Another machine.')

test('a section that is measured again takes its place, and the others stay as they were', () => {
  const first = resultsFile('', [measured('A span', 1), measured('The command', 2)], TITLES, FIRST)
  const second = resultsFile(first, [measured('An analysis', 4)], TITLES, SECOND)
  const headings = second.split('\n').filter((line) => line.startsWith('## '))
  expect(headings).toEqual(['## A span', '## An analysis', '## The command'])
  expect(second).toContain(`## A span\n\n${FIRST}\n\n| what`)
  expect(second).toContain(`## An analysis\n\n${SECOND}\n\n| what`)
  expect(second).toContain('| it | 4 ms |  | 3 ms | OVER |')
  expect(resultsFile(second, [measured('An analysis', 4)], TITLES, SECOND)).toBe(second)
})

test('a file of before, with one day for all, keeps its sections and their day', () => {
  const old = '# What Spanwise costs\n\nWritten by `npm run bench -- --write` on 2026-11-21. Some CPU, 2 cores.\nopenai 7.\n\nTimes.\n\n'
    + '## A span\n\n| what |\n|---|\n| it |\n\nHow: so.\n\n## Gone\n\nold\n'
  const now = resultsFile(old, [measured('The command', 1)], TITLES, SECOND)
  expect(now).toContain('## A span\n\nMeasured on 2026-11-21. Some CPU, 2 cores.\nopenai 7.\n\n| what |')
  expect(now).not.toContain('## Gone')
})

test('the file of the repository is kept whole', () => {
  const text = readFileSync('bench/RESULTS.md', 'utf8')
  const titles = text.split('\n').filter((line) => line.startsWith('## ')).map((line) => line.slice(3))
  const rows = (of: string): string[] => of.split('\n').filter((line) => line.startsWith('|'))
  expect(rows(resultsFile(text, [], titles, SECOND))).toEqual(rows(text))
})
