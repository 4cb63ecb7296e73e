import { describe, expect, test } from 'vitest'
import { analyze } from 'spanwise'
import type { CacheBreak } from '../src/model/analysis.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { CLAUDE, OPENAI, recordedTurns, traceOf, type CacheModel, type Said, type Turn } from './support/cached-conversation.ts'

/**
 * Each known cause of a cache miss is put into a recorded conversation, a stand-in for the provider's cache counts what that
 * costs, and the analysis, which sees only parts and counts, must name the cause and its place.
 */
const CLAUDE_MODEL = 'claude-sonnet-4-5-20250929'
const GPT_MODEL = 'gpt-4.1-2025-04-14'
const claude = recordedTurns(CLAUDE_MODEL)
const gpt = recordedTurns(GPT_MODEL)

interface Seen {
  readonly breaks: readonly CacheBreak[]
  readonly codes: readonly string[]
  readonly analysis: ReturnType<typeof analyze>
}

function seen(turns: readonly Turn[], cache: CacheModel, withTexts = true): Seen {
  const trace = traceOf(turns, cache, withTexts)
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  const codes = [...analysis.findings, ...analysis.observations].map(({ code }) => code).filter((code) => code.startsWith('CACHE'))
  return { breaks: analysis.cache!.breaks, codes, analysis }
}

/** `4 system-changed proven system @6 +100`: number of the call, cause, confidence, the part with its place, and the offset. */
const show = (breaks: readonly CacheBreak[]): string[] => breaks.map(({ call, cause, confidence, part }) => [
  call, cause, confidence,
  ...(part === undefined ? [] : [part.kind, part.name, part.callId, `@${part.index}`]),
  ...(part?.offset === undefined ? [] : [`+${part.offset}`]), ...(part?.count === undefined ? [] : [`×${part.count}`]),
].filter((word) => word !== undefined).join(' '))

/** The request of each turn from one on, changed. */
const from = (turns: readonly Turn[], first: number, change: (request: readonly Said[], at: number) => readonly Said[]): Turn[] =>
  turns.map((turn, at) => (at < first ? turn : { ...turn, request: change(turn.request, at) }))

const both: readonly (readonly [string, readonly Turn[], CacheModel])[] = [['Claude', claude, CLAUDE], ['OpenAI', gpt, OPENAI]]
const SYSTEM_AT = 5
const AT = 6

test('the recorded conversation is one with a history worth caching', () => {
  expect(claude.length).toBeGreaterThan(8)
  const last = claude.at(-1)!.request
  expect(new Set(last.map(({ kind }) => kind))).toEqual(new Set(['tool-definition', 'system', 'user', 'assistant', 'reasoning', 'tool-call', 'tool-result']))
  expect(last.findIndex(({ kind }) => kind === 'system')).toBe(SYSTEM_AT)
})

describe.each(both)('%s', (_provider, turns, cache) => {
  test('an untouched conversation has no break', () => {
    const { breaks, codes, analysis } = seen(turns, cache)
    expect(breaks).toEqual([])
    expect(codes).toEqual([])
    expect(analysis.cache).toMatchObject({ compared: turns.length - 1, lost: { breaks: 0, tokens: 0 }, neverCached: [] })
    expect(analysis.cache!.readShare).toBeGreaterThan(0.6)
  })

  test('a timestamp in the system text', () => {
    const head = 'You are a coding agent. It is now '
    const stamped = from(turns, 0, (request, at) => request.map((said) =>
      (said.kind === 'system' ? { ...said, text: `${head}12:0${at % 10}:${10 + at}. ${said.text}` } : said)))
    const { breaks, codes, analysis } = seen(stamped, cache)
    expect(show(breaks)).toEqual(stamped.slice(1).map((_, i) => `${i + 2} system-changed proven system @${SYSTEM_AT} +${head.length + 4}`))
    expect(codes).toEqual(['CACHE001'])
    expect(analysis.findings.find(({ code }) => code === 'CACHE001')).toMatchObject({
      confidence: 'proven', saving: { tokens: analysis.cache!.lost.tokens, costUsd: analysis.cache!.lost.costUsd },
      title: expect.stringContaining(`The system text changed after ${head.length + 4} characters ${breaks.length} times`) as string,
    })
  })

  test('a timestamp without any text recorded: the part is named, the place in it is not', () => {
    const stamped = from(turns, AT, (request) => request.map((said) => (said.kind === 'system' ? { ...said, text: `Now. ${said.text}` } : said)))
    expect(show(seen(stamped, cache, false).breaks)).toEqual([`${AT + 1} system-changed proven system @${SYSTEM_AT}`])
  })

  test('a reordered tool', () => {
    const reordered = from(turns, AT, ([a, b, c, ...rest]) => [a!, c!, b!, ...rest])
    expect(show(seen(reordered, cache).breaks)).toEqual([`${AT + 1} tools-reordered proven tool-definition Grep @1`])
  })

  test('a changed tool', () => {
    const changed = from(turns, AT, (request) => request.map((said) =>
      (said.kind === 'tool-definition' && said.name === 'Grep' ? { ...said, text: said.text.replace('Runs', 'Calls') } : said)))
    expect(show(seen(changed, cache).breaks)).toEqual([`${AT + 1} tool-changed proven tool-definition Grep @2`])
  })

  test('an added and a removed tool', () => {
    const fetch: Said = { kind: 'tool-definition', name: 'Fetch', text: '{"name":"Fetch"}' }
    expect(show(seen(from(turns, AT, ([a, ...rest]) => [a!, fetch, ...rest]), cache).breaks))
      .toEqual([`${AT + 1} tool-added proven tool-definition Fetch @1`])
    expect(show(seen(from(turns, AT, ([a, _edit, ...rest]) => [a!, ...rest]), cache).breaks))
      .toEqual([`${AT + 1} tool-removed proven tool-definition Edit @1`])
  })

  test('an edited message', () => {
    const at = turns[AT - 1]!.request.findIndex(({ kind }) => kind === 'tool-result')
    const { callId } = turns[AT]!.request[at]!
    const edited = from(turns, AT, (request) => request.map((said, i) => (i === at ? { ...said, text: `${said.text.slice(0, 40)} (shortened)` } : said)))
    // The texts part where the rest of it is not what we put there.
    const text = turns[AT]!.request[at]!.text
    let offset = 40
    while (text[offset] === ' (shortened)'[offset - 40]) offset++
    expect(show(seen(edited, cache).breaks)).toEqual([`${AT + 1} message-edited proven tool-result ${callId} @${at} +${offset}`])
  })

  test('a dropped turn', () => {
    const at = turns[AT]!.request.findIndex(({ kind }) => kind === 'assistant' || kind === 'tool-call')
    const dropped = from(turns, AT, (request) => request.filter((_, i) => i < at || i >= at + 2))
    const was = turns[AT]!.request[at]!
    const label = [was.kind, was.name, was.callId].filter((word) => word !== undefined).join(' ')
    expect(show(seen(dropped, cache).breaks)).toEqual([`${AT + 1} message-dropped proven ${label} @${at} ×2`])
  })

  test('an inserted message', () => {
    const at = SYSTEM_AT + 1
    const note: Said = { kind: 'user', text: 'Remember the house style.' }
    const inserted = from(turns, AT, (request) => [...request.slice(0, at), note, ...request.slice(at)])
    expect(show(seen(inserted, cache).breaks)).toEqual([`${AT + 1} message-inserted proven user @${at} ×1`])
  })

  test('a rewritten history', () => {
    const summary: Said = { kind: 'user', text: 'A summary of what was done so far. '.repeat(2_000) }
    const rewritten = turns.map((turn, at) => (at < AT ? turn : {
      ...turn, request: [...turn.request.slice(0, SYSTEM_AT + 1), summary, ...turn.request.slice(turns[AT]!.request.length - 1)],
    }))
    const { breaks } = seen(rewritten, cache)
    // A summary that replaces the history is no loss: what is sent again was read from the cache, definitions and system text.
    expect(show(breaks)).toEqual([])
  })

  test('another model', () => {
    const other = cache.provider === 'anthropic' ? 'claude-opus-4-1-20250805' : 'gpt-4o-2024-08-06'
    const changed = turns.map((turn, at) => (at < AT ? turn : { ...turn, model: other }))
    expect(show(seen(changed, cache).breaks)).toEqual([`${AT + 1} model-changed proven`])
  })

  test('a pause past the lifetime', () => {
    const late = (ms: number): Turn[] => turns.map((turn, at) => (at < AT ? turn : { ...turn, startMs: turn.startMs + ms, endMs: turn.endMs + ms }))
    const { breaks, codes } = seen(late(360_000), cache)
    // OpenAI clears after 5 to 10 minutes, or after a day: only Claude says exactly when.
    expect(show(breaks)).toEqual([`${AT + 1} expired ${cache.provider === 'anthropic' ? 'likely' : 'possible'}`])
    expect(breaks[0]).toMatchObject({ side: 'actionable', gapNs: 362e9 })
    expect(codes).toEqual(['CACHE002'])
    expect(seen(late(240_000), cache).breaks).toEqual([])
  })

  test('a machine of the provider that has an empty cache: nothing to do, and nobody is blamed', () => {
    const { breaks, codes, analysis } = seen(turns, { ...cache, elsewhere: [AT] })
    expect(show(breaks)).toEqual([`${AT + 1} nothing-changed possible`])
    expect(breaks[0]).toMatchObject({ side: 'provider' })
    expect(codes).toEqual(['CACHE003'])
    expect(analysis.cache!.bySide).toMatchObject({ actionable: { breaks: 0, tokens: 0 }, provider: { breaks: 1 }, unknown: { breaks: 0 } })
  })

  test("the provider's own word is compared, and decides where nothing was found", () => {
    const told = (turns: readonly Turn[], reason: string): Turn[] => turns.map((turn, at) =>
      (at === AT ? { ...turn, attributes: { 'spanwise.cache.miss_reason': reason, 'spanwise.cache.missed_tokens': 4_000 } } : turn))
    const reordered = from(turns, AT, ([a, b, ...rest]) => [b!, a!, ...rest])
    expect(seen(told(reordered, 'tools_changed'), cache).breaks[0]).toMatchObject({
      cause: 'tools-reordered', confidence: 'proven', stated: { reason: 'tools_changed', tokens: 4_000, agrees: true },
    })
    expect(seen(told(reordered, 'system_changed'), cache).breaks[0]).toMatchObject({ cause: 'tools-reordered', stated: { agrees: false } })
    const elsewhere = { ...cache, elsewhere: [AT] }
    expect(seen(told(turns, 'reasoning_effort_changed'), elsewhere).breaks[0]).toMatchObject({
      cause: 'setting-changed', side: 'actionable', confidence: 'likely',
    })
    expect(seen(told(turns, 'unavailable'), elsewhere).breaks[0]).toMatchObject({
      cause: 'nothing-changed', side: 'provider', stated: { reason: 'unavailable' },
    })
  })

  test('a prompt below the minimum is never cached, and is no break', () => {
    const short = turns.slice(0, 4).map((turn, at): Turn => ({
      ...turn, answer: [{ kind: 'assistant', text: `Answer ${at}.` }],
      request: [
        { kind: 'system', text: SYSTEM_TEXT },
        ...Array.from({ length: at }, (_, i): Said[] => [{ kind: 'user', text: `Question ${i}?` }, { kind: 'assistant', text: `Answer ${i}.` }]).flat(),
        { kind: 'user', text: `Question ${at}?` },
      ],
    }))
    const { breaks, codes, analysis } = seen(short, cache)
    expect(breaks).toEqual([])
    expect(codes).toEqual(['CACHE005'])
    expect(analysis.cache!.neverCached).toMatchObject([{ cause: 'below-minimum', calls: [1, 2, 3, 4], minimumTokens: 1_024 }])
  })
})

const SYSTEM_TEXT = 'A short system text, of about 800 tokens. '.repeat(70)

test('Claude without a breakpoint: said once, with what a cache would have saved', () => {
  const { breaks, codes, analysis } = seen(claude, { ...CLAUDE, breakpoints: false })
  expect(breaks).toEqual([])
  expect(codes).toEqual(['CACHE004'])
  const [never] = analysis.cache!.neverCached
  expect(never).toMatchObject({ cause: 'no-breakpoint', calls: claude.map((_, at) => at + 1) })
  const paid = analysis.totals.costUsd.knownUsd
  const cached = seen(claude, CLAUDE).analysis.totals.costUsd.knownUsd
  expect(never!.savingUsd! / (paid - cached)).toBeCloseTo(1, 1)
})

test('an OpenAI account whose cache never answers is no break either', () => {
  const { breaks, analysis } = seen(gpt, { ...OPENAI, elsewhere: gpt.map((_, at) => at) })
  expect(breaks).toEqual([])
  expect(analysis.cache!.neverCached).toMatchObject([{ cause: 'unknown', confidence: 'possible' }])
})

test('what a break costs is the difference between the prices of a cache read and of what was paid', () => {
  const reordered = from(claude, AT, ([a, b, ...rest]) => [b!, a!, ...rest])
  const broken = seen(reordered, CLAUDE).analysis
  const whole = seen(claude, CLAUDE).analysis
  const [found] = broken.cache!.breaks
  expect(found!.readTokens).toBe(0)
  expect(found!.tokens).toBe(whole.calls[AT]!.usage!.input!.cacheRead)
  expect(found!.costUsd).toBeCloseTo(broken.calls[AT]!.costUsd! - whole.calls[AT]!.costUsd!, 9)
})

test('more new blocks than a breakpoint looks back over', () => {
  const many = claude.map((turn, at): Turn => (at < AT ? turn : {
    ...turn, request: [...claude[AT - 1]!.request, ...claude[AT - 1]!.answer,
      ...Array.from({ length: 25 + at }, (_, i): Said => ({ kind: 'user', text: `Note ${i}` }))],
  })).slice(0, AT + 1)
  const { breaks } = seen(many, { ...CLAUDE, elsewhere: [AT] })
  expect(show(breaks)).toEqual([`${AT + 1} too-many-new-blocks likely`])
})

test('two causes at once: the pause alone would have been enough', () => {
  const late = from(claude, AT, ([a, b, ...rest]) => [b!, a!, ...rest])
    .map((turn, at) => (at < AT ? turn : { ...turn, startMs: turn.startMs + 600_000, endMs: turn.endMs + 600_000 }))
  expect(show(seen(late, CLAUDE).breaks)).toEqual([`${AT + 1} expired likely`])
})
