import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunList, RunStatistics, ServerInfo } from '../viewer/api.ts'
import { unpackRun } from '../viewer/document/unpack.ts'
import { Board } from './support/dashboard.ts'
import { checkAnalysis } from './laws.ts'

const ID = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'

let board: Board
beforeEach(() => {
  board = new Board()
})
afterEach(async () => {
  await board.close()
  board.remove()
})

const AGENT = `
  agent 0-100
    plan 5-35 llm model=gpt-5-mini in=1200 out=80
    search 40-60 tool
`

describe('recorded runs', () => {
  test('are listed, and one is shown', async () => {
    board.record(AGENT, { id: ID, name: 'support', service: 'shop', tags: { branch: 'main' } })
    board.record('agent 0-50\n  search 10-30 tool failed=Error:no', { id: OTHER, name: 'other', startedAtEpochMs: 5 })
    await board.start()
    await board.dashboard.store.settled()
    const list = (await board.api('runs')).json<RunList>()
    expect(list.total).toBe(2)
    expect(list.runs.map(({ name, spans, llmCalls, inputTokens, source }) => ({ name, spans, llmCalls, inputTokens, source }))).toEqual([
      { name: 'support', spans: 3, llmCalls: 1, inputTokens: 1200, source: 'recorded' },
      { name: 'other', spans: 2, llmCalls: 0, inputTokens: undefined, source: 'recorded' },
    ])
    const document = await board.api(`runs/${list.runs[0]!.key}/document`)
    expect([document.status, document.headers['content-type']]).toEqual([200, 'application/gzip'])
    const { analysis, spans } = unpackRun(gunzipSync(document.body))
    expect([analysis.run.traceId, spans.count]).toEqual([ID, 3])
    const exported = await board.api(`runs/${list.runs[0]!.key}/export?format=json`)
    checkAnalysis(JSON.parse(exported.text))
    expect((await board.api('info')).json<ServerInfo>().runs).toBe(2)
    expect((await board.api('statistics')).json<RunStatistics>().operations.map(({ name }) => name)).toContain('search')
  })
})
