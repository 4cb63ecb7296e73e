import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunSummary } from '../viewer/api.ts'
import { ByteReader, ByteWriter } from '../viewer/server/bytes.ts'
import { IndexFile } from '../viewer/server/index-file.ts'
import { Phrases } from '../viewer/server/run-bytes.ts'
import { readQuery, type ReadQuery } from '../viewer/server/query.ts'
import { RunTable } from '../viewer/server/run-table.ts'
import type { IndexedRun } from '../viewer/server/runs.ts'
import { keyOf } from '../viewer/server/summarise.ts'
import { TraceDays } from '../viewer/server/trace-days.ts'
import { WorkQueue } from '../viewer/server/work-queue.ts'
import { seeded } from './support/random.ts'

const written = (write: (to: ByteWriter) => void): ByteReader => {
  const writer = new ByteWriter()
  write(writer)
  const reader = new ByteReader()
  reader.bytes = Buffer.from(writer.written)
  return reader
}

describe('bytes', () => {
  test('numbers come back as they were', () => {
    const numbers = [0, 1, -1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, 2 ** 51, 2 ** 52 - 1, 2 ** 52, 2 ** 53, -0, 0.1, -2.5, 1e-300, 1e300, Infinity, -Infinity, NaN, 1_760_000_000_000]
    const reader = written((to) => to.numbers(numbers))
    expect(reader.numbers()).toEqual(numbers)
    expect(reader.at).toBe(reader.bytes.length)
  })

  test('texts and ids too', () => {
    const texts = ['', 'a', 'ä€😀', 'x'.repeat(5_000), '\u0000\u0001\n']
    const ids = ['', '0af7651916cd43dd8448eb211c80319c', '0AF7651916CD43DD8448EB211C80319C', 'run-1', '0'.repeat(33)]
    const reader = written((to) => {
      for (const text of texts) to.text(text)
      for (const id of ids) to.id(id)
    })
    expect([texts.map(() => reader.text()), ids.map(() => reader.id())]).toEqual([texts, ids])
  })

  test('sentences that differ in their numbers are kept once', () => {
    const phrases = new Phrases()
    const texts = ['3 calls of tools', '17 calls of tools', '007 calls of tools', '99999999999999999999999 calls', '', '1', 'a\u0001b 5', '1.5 s, then 2.50 s', 'none']
    const reader = written((to) => {
      for (const text of texts) phrases.write(text, to)
    })
    expect(texts.map(() => phrases.read(reader))).toEqual(texts)
    const many = new Phrases()
    const long = Array.from({ length: 5_000 }, (_, i) => `a sentence ${'x'.repeat(i % 90)} ${String.fromCharCode(97 + (i % 26)).repeat(i / 90)} of its own`)
    const all = written((to) => {
      for (const text of long) many.write(text, to)
    })
    expect(long.map(() => many.read(all))).toEqual(long)
  })
})

const DAY_MS = 86_400_000
const pathFor = (i: number): string => (i % 3 === 0 ? `recorded ${i}.jsonl` : `received/2026-11-${10 + (i % 20)}/${i.toString(16).padStart(32, '0')}.otlp.jsonl.gz`)

function runOf(i: number, random: () => number): IndexedRun {
  const some = (most: number): number => Math.floor(random() * most)
  const traceId = random() < 0.5 ? i.toString(16).padStart(32, '0') : `id ${i}`
  const summary: RunSummary = {
    key: random() < 0.5 ? keyOf(traceId) : `${i}`.padStart(22, 'k'), traceId, name: `name ${some(50)}`,
    ...(random() < 0.5 && { service: `service ${some(5)}` }), ...(random() < 0.5 && { tags: { a: `${some(4)}`, __proto_: '=b=' } }),
    startedAtEpochMs: 1.76e12 + some(1e6), durationNs: some(1e12), outcome: (['ok', 'failed', 'cancelled'] as const)[some(3)]!,
    ...(random() < 0.3 && { failure: 'it failed' }), source: pathFor(i).startsWith('received') ? 'received' : 'recorded', ...(random() < 0.2 && { problem: 'damaged' }),
    spans: some(1_000) + 1, llmCalls: some(9), toolCalls: some(9), ...(random() < 0.7 && { inputTokens: some(1e6), cachedTokens: some(1e5), outputTokens: some(1e4) }),
    ...(random() < 0.6 && { costUsd: random() }), models: Array.from({ length: some(3) }, (_, at) => `model ${at}`),
    categories: [{ category: 'llm', wallNs: some(1e11) }, { category: 'tool', wallNs: 0 }],
    findings: Array.from({ length: some(3) }, (_, at) => ({ code: `X00${at}`, title: `${some(99)} calls cost ${random()}`, saving: { timeNs: { low: 0, high: some(1e9) }, ...(at === 1 && { costUsd: random(), tokens: 5 }) }, confidence: 'likely' as const })),
    findingCount: some(5),
  }
  return {
    summary,
    operations: Array.from({ length: some(6) }, (_, at) => ({ name: `op ${at}`, category: 'tool', count: some(9) + 1, failed: 0, wallNs: some(1e9) * 1_000, totalNs: some(1e9) * 1_000 })),
    findings: summary.findings.map(({ code, title }) => ({ code, title, timeNs: some(1e6) * 1_000, costUsd: random() })),
  }
}

const query = (values: Parameters<typeof readQuery>[0]): ReadQuery => readQuery({ limit: 500, ...values }) as ReadQuery

test('the table says what was put, whatever came and went', () => {
  const random = seeded(5)
  const table = new RunTable()
  const model = new Map<string, readonly IndexedRun[]>()
  let next = 0
  for (let step = 0; step < 6_000; step++) {
    const path = pathFor(Math.floor(random() * 700))
    if (random() < 0.35) {
      table.remove(path)
      model.delete(path)
    } else {
      // One that is there is put again, or one after it in the same file.
      const before = model.get(path) ?? []
      const source = path.startsWith('received') ? 'received' as const : 'recorded' as const
      const runs = Array.from({ length: random() < 0.1 ? 3 : 1 }, () => runOf(next++, random)).map((run) => ({ ...run, summary: { ...run.summary, source } }))
      const all = random() < 0.1 ? [...before, ...runs].slice(-5) : runs
      table.put({ path, bytes: step, modifiedEpochMs: step, source, isRootless: false }, all)
      model.set(path, all)
    }
    if (step % 500 !== 499) continue
    const summaries = [...model.values()].flat().map(({ summary }) => summary)
    expect([table.size, table.files.size]).toEqual([summaries.length, model.size])
    for (const { summary } of [...model.values()].flat()) expect(table.get(summary.key, DAY_MS)?.traceId).toBe(summary.traceId)
    for (const [path, runs] of model) expect(table.packed(path).map(([key]) => key)).toEqual(runs.map(({ summary }) => summary.key))
    const ofAll = Array.from(table.select(query({}), DAY_MS), (row) => table.shown(row, DAY_MS))
    const byKey = (a: RunSummary, b: RunSummary): number => (a.key < b.key ? -1 : 1)
    expect(ofAll.toSorted(byKey)).toEqual(summaries.toSorted(byKey))
    expect(ofAll.map((run) => run.startedAtEpochMs)).toEqual(summaries.map((run) => run.startedAtEpochMs).sort((a, b) => b - a))
    const count = (values: Parameters<typeof readQuery>[0]): number => table.select(query(values), DAY_MS).length
    expect(count({ model: 'model 1' })).toBe(summaries.filter(({ models }) => models.includes('model 1')).length)
    expect(count({ finding: ['X000', 'nothing'] })).toBe(summaries.filter(({ findings }) => findings.some(({ code }) => code === 'X000')).length)
    expect(count({ service: 'service 2', outcome: 'ok' })).toBe(summaries.filter(({ service, outcome }) => service === 'service 2' && outcome === 'ok').length)
    expect(count({ tag: 'a=1' })).toBe(summaries.filter(({ tags }) => tags?.['a'] === '1').length)
    expect(count({ q: 'id 1' })).toBe(summaries.filter((run) => ['id', '1'].every((word) => `${run.traceId}\n${run.name}\n${run.service ?? ''}\n${run.models.join('\n')}\n${Object.entries(run.tags ?? {}).join('\n').replaceAll(',', '=')}\n${run.findings.map(({ code }) => code.toLowerCase()).join('\n')}`.includes(word))).length)
  }
})

test('of two runs with one key in a file the last one counts', () => {
  const table = new RunTable()
  const [first, second] = [runOf(1, seeded(1)), runOf(1, seeded(2))]
  table.put({ path: 'a.jsonl', bytes: 1, modifiedEpochMs: 1, source: 'recorded', isRootless: false }, [first, second])
  expect(table.size).toBe(1)
  expect(table.shown(table.select(query({}), 0)[0]!, DAY_MS)).toMatchObject({ durationNs: second.summary.durationNs })
})

test('the days of traces', () => {
  const random = seeded(3)
  const days = new TraceDays()
  const model = new Map<string, string>()
  const idOf = (i: number): string => (i * 2_654_435_761).toString(16).padStart(32, i % 2 === 0 ? '0' : 'f')
  for (let step = 0; step < 20_000; step++) {
    const id = idOf(Math.floor(random() * 5_000))
    if (random() < 0.3) {
      days.delete(id)
      model.delete(id)
    } else if (!model.has(id)) {
      const day = `2026-${String(1 + (step % 12)).padStart(2, '0')}-11`
      days.set(id, day)
      model.set(id, day)
    }
  }
  expect(days.size).toBe(model.size)
  for (let i = 0; i < 5_000; i++) expect(days.get(idOf(i))).toBe(model.get(idOf(i)))
})

test('work goes on beside other work, and never twice about one file', async () => {
  const [running, most, done] = [new Set<string>(), { count: 0 }, new Map<string, number>()]
  const queue = new WorkQueue(async (path) => {
    expect(running.has(path)).toBe(false)
    running.add(path)
    most.count = Math.max(most.count, running.size)
    await new Promise((resolve) => setTimeout(resolve, 2))
    running.delete(path)
    done.set(path, (done.get(path) ?? 0) + 1)
  }, 5)
  const random = seeded(4)
  for (let i = 0; i < 200; i++) {
    queue.add(`file ${i % 20}`, (['quiet', 'soon', 'backlog'] as const)[Math.floor(random() * 3)]!)
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await queue.idle()
  expect([done.size, running.size, most.count > 1 && most.count <= 4]).toEqual([20, 0, true])
  queue.close()
})

describe('the index of a folder in which much comes and goes', () => {
  const facts = (path: string, step: number) => ({ path, bytes: step, modifiedEpochMs: step, source: 'recorded' as const, isRootless: false })
  const shown = (table: RunTable): RunSummary[] =>
    Array.from(table.select(query({ limit: 500 }), DAY_MS), (row) => table.shown(row, DAY_MS)).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const loaded = async (path: string): Promise<RunTable> => {
    const table = new RunTable()
    expect(await new IndexFile(path, table, '1.0.0').load()).toEqual(new Set())
    return table
  }

  test('is written anew while it runs, and words that no run has any more are forgotten', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanwise-index-'))
    const path = join(folder, '.index.jsonl')
    const random = seeded(6)
    const table = new RunTable()
    const index = new IndexFile(path, table, '1.0.0')
    await index.load()
    const one = runOf(1, random)
    for (let step = 0; step < 45_000; step++) {
      const name = `orders of ${step}`
      const file = facts(`file ${step % 90}.jsonl`, step)
      table.put(file, [{ ...one, summary: { ...one.summary, name, key: `${step}`.padStart(22, 'k'), source: 'recorded' } }])
      index.put(file)
      if (step % 3_000 !== 0) continue
      table.remove(`file ${(step + 7) % 90}.jsonl`)
      index.remove(`file ${(step + 7) % 90}.jsonl`)
      await index.flush()
    }
    await index.flush()
    expect(table.words.all.length).toBeLessThan(25_000)
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(15_000 * 2)
    expect(shown(await loaded(path))).toEqual(shown(table))
    rmSync(folder, { recursive: true })
  }, 30_000)

  test('of which two dashboards write the index says no wrong word', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanwise-index-'))
    const path = join(folder, '.index.jsonl')
    const random = seeded(9)
    const writers = await Promise.all([0, 1].map(async () => {
      const table = new RunTable()
      const index = new IndexFile(path, table, '1.0.0')
      await index.load()
      return { table, index }
    }))
    const names = new Map<string, string>()
    for (let step = 0; step < 60; step++) {
      const { table, index } = writers[Math.floor(random() * 2)]!
      const run = runOf(step, random)
      const file = facts(`file ${step}.jsonl`, step)
      table.put(file, [{ ...run, summary: { ...run.summary, source: 'recorded' } }])
      names.set(run.summary.key, run.summary.name)
      index.put(file)
      if (random() < 0.6) await index.flush()
      if (random() < 0.2) rmSync(path, { force: true })
    }
    for (const { index } of writers) await index.flush()
    expect(statSync(path).size).toBeGreaterThan(0)
    for (const { key, name } of shown(await loaded(path))) expect([key, name]).toEqual([key, names.get(key)])
    rmSync(folder, { recursive: true })
  })
})
