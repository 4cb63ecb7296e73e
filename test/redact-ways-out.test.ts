import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { analyze, decodeTrace, encodeTrace, Profiler, report, type ProfilerOptions, type RunEvent, type Trace } from 'spanwise'
import { reports, terminalReports } from '../reports/index.ts'
import { beginLlmCall } from '../src/record/llm-call.ts'
import { textOf } from '../src/model/transient.ts'

/** Made up for the tests, each of a shape that its issuer uses. */
const KEY = `sk-ant-${'api03-'}${'Ab1_'.repeat(8)}`
const URL_WITH_PASSWORD = 'postgres://app:hunter2secret@db.example/orders'
const BEARER = 'Authorization: Bearer abcDEF123456ghiJKL'
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----'
const secrets = [KEY, 'hunter2secret', 'abcDEF123456ghiJKL', 'MIIEvQIBADANBg']
const all = `${KEY} ${URL_WITH_PASSWORD} ${BEARER} ${PEM}`

/** A run with secrets in every place where a text can stand. */
async function leaky(options: ProfilerOptions): Promise<{ profiler: Profiler; trace: Trace; events: RunEvent[] }> {
  const profiler = new Profiler({ service: `shop ${all}`, dir: false, ...options })
  const events: RunEvent[] = []
  profiler.on('runStart', (event) => void events.push(event))
  profiler.on('runEnd', (event) => void events.push(event))
  profiler.on('runEnd', () => { throw new Error(all) })
  await profiler.run(`agent ${all}`, async () => {
    profiler.span(`step ${all}`, () => undefined, { category: `own ${KEY}`, attributes: { url: all, list: [all], [KEY]: 1, password: 'plain words', max_tokens: 5 } })
    const llm = beginLlmCall(profiler, { name: `chat ${KEY}`, category: 'llm', provider: 'openai', operation: 'chat', api: 'chat.completions' })!
    llm.requestParts([{ text: all }], (source) => [{ kind: 'user', text: (source as { text: string }).text }])
    llm.requestDone()
    llm.responseParts([{ kind: 'assistant', text: all }])
    llm.usage({ complete: true, source: 'provider', input: { total: 7, uncached: 7, cacheRead: 0, cacheWrite: 0 }, raw: { note: KEY, prompt_tokens: 7 } })
    llm.end()
    profiler.tool(`search ${KEY}`, (_: object) => ({ found: all }))({ query: all })
    try {
      profiler.tool('broken', () => { throw new Error(all) })()
    } catch {}
  }, { tags: { env: all } })
  await profiler.flush()
  return { profiler, trace: profiler.lastTrace!, events }
}

const leaks = (text: string): string[] => secrets.filter((secret) => text.includes(secret))
const asText = (content: string | Uint8Array): string => (typeof content === 'string' ? content : Buffer.from(content).toString('latin1'))

describe.each(['none', 'full', (text: string) => text] as const)('no secret leaves the process, content %s', (content) => {
  test('with a trace, an event or the statistics', async () => {
    const { trace, events, profiler } = await leaky({ content })
    expect(leaks(JSON.stringify(trace))).toEqual([])
    expect(leaks(JSON.stringify(events))).toEqual([])
    expect(leaks(JSON.stringify(profiler.stats()))).toEqual([])
    expect(profiler.stats().firstSelfError).toContain('[masked: ')
    expect(trace.spans[1]!.attributes).toMatchObject({ password: '[masked: secret]', max_tokens: 5 })
    expect(trace.spans[2]!.llm!.usage).toMatchObject({ input: { total: 7, uncached: 7 } })
  })

  test('with any report or export', async () => {
    const { trace } = await leaky({ content })
    expect(leaks(report(trace))).toEqual([])
    const analysis = analyze(trace)
    for (const each of [...reports, ...terminalReports]) {
      const rendered = 'renderTrace' in each && each.renderTrace ? each.renderTrace(trace, analysis) : each.render(analysis)
      expect([each.name, leaks(asText(rendered))]).toEqual([each.name, []])
    }
  })

  test('with a file', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'spanwise-redact-'))
    const { trace, profiler } = await leaky({ content, dir, chromeTraceDir: dir })
    await profiler.flush()
    const names = readdirSync(dir)
    expect(names).toHaveLength(2)
    for (const name of names) expect([name, leaks(readFileSync(join(dir, name), 'utf8'))]).toEqual([name, []])
    expect(leaks(encodeTrace(trace))).toEqual([])
    rmSync(dir, { recursive: true })
  })
})

test('a trace that no profiler of ours made is redacted by whatever brings it out', () => {
  const foreign = { ...decodeTrace(encodeTrace(tiny())).traces[0]!, name: `agent ${all}` }
  for (const text of [report(foreign), JSON.stringify(analyze(foreign)), encodeTrace(foreign)]) {
    expect(leaks(text)).toEqual([])
    expect(text).toContain('[masked: Anthropic key]')
  }
  expect(foreign.name).toContain(KEY)
})

test('what is masked once stays as it is: a trace read back and written again is the same file', async () => {
  const { trace } = await leaky({ content: 'full' })
  const file = encodeTrace(trace)
  expect(encodeTrace(decodeTrace(file).traces[0]!)).toBe(file)
})

test('a policy of the user\'s decides what is in the trace; one that throws masks all', async () => {
  const own = await leaky({ content: (text, where) => (where === 'tool.result' ? 'mine' : text) })
  expect(own.trace.spans.find(({ tool }) => tool?.result !== undefined)!.tool!.result).toBe('mine')
  const broken = await leaky({ content: () => { throw new Error('no') } })
  expect(broken.trace.name).toBe('[masked: the redactor failed]')
  expect(broken.events.map(({ name }) => name)).toEqual(Array(2).fill('[masked: the redactor failed]'))
})

test('local token counting still sees the text that was sent', async () => {
  const profiler = new Profiler({ dir: false, content: 'full' })
  profiler.run('agent', () => {
    const llm = beginLlmCall(profiler, { name: 'chat', category: 'llm', provider: 'openai', operation: 'chat', api: 'chat.completions' })!
    llm.requestParts([{ text: all }], (source) => [{ kind: 'user', text: (source as { text: string }).text }])
    llm.requestDone()
    llm.responseParts([{ kind: 'assistant', text: 'yes' }])
    llm.end()
  })
  const trace = profiler.lastTrace!
  expect(trace.parts[0]!.text).not.toBe(all)
  expect(textOf(trace, 0)).toBe(all)
})

function tiny(): Trace {
  const profiler = new Profiler({ dir: false })
  profiler.run('agent', () => undefined)
  return profiler.lastTrace!
}
