import { describe, expect, test } from 'vitest'
import type { DependencyEvidence } from '../src/model/analysis.ts'
import { childGroups, evidenceText, issuedBy, namedBy, relationsOf, siblingsOf, slackText } from '../viewer/ui/drawer/relations.ts'
import { shownOf, sizedParts } from '../viewer/ui/drawer/request-parts.ts'
import { beginningOf, cleanBlock, readable } from '../viewer/ui/drawer/texts.ts'
import type { RunModel } from '../viewer/ui/run/run-model.ts'
import { draw } from './draw.ts'
import { CLAUDE, recordedTurns, traceOf } from './support/cached-conversation.ts'
import { runModel } from './support/run-model.ts'
import { withValues } from './support/valued.ts'

const agent = draw(`
  agent 0-100
    gpt 5-35 model=gpt-5-mini in=1200 out=80 asks=search#c1,orders#c2
    search 40-60 tool call=c1 by=gpt
    orders 60-90 tool call=c2 by=gpt failed=Error:gone
    search 90-95
    log 20-30
`)

const placeOf = (run: RunModel, name: string): number => Array.from({ length: run.count }, (_, i) => i).find((i) => run.name(i) === name)!

const relations = (run: RunModel, name: string): string[] => {
  const { before, after } = relationsOf(run, placeOf(run, name))
  return [...before.map((one) => ['before', one] as const), ...after.map((one) => ['after', one] as const)]
    .map(([side, { other, verdict, evidence }]) => `${side} ${run.name(other)}: ${verdict}, ${evidence.join('; ')}`)
}

describe('a span and others', () => {
  const run = runModel(agent)

  test('what it needed and who needed it, with the evidence said from its side', () => {
    expect(relations(run, 'search')).toEqual([
      'before gpt: dependent, its answer asked for this',
      'after orders: independent, one answer asked for both',
    ])
    expect(relations(run, 'gpt')).toContain('after search: dependent, this answer asked for it')
  })

  test('values and when an input was known', () => {
    const valued = runModel(withValues(`
      agent 0-100
        search 0-20 tool
        fetch 30-60 tool
        other 70-90 tool
    `, { search: { known: 0 }, fetch: { known: 20, from: ['search'], shares: ['search'] }, other: { known: 5, shares: [] } }))
    expect(relations(valued, 'fetch')[0]).toBe('before search: dependent, an identifier of its output stands in this input')
    expect(relations(valued, 'search')[0]).toBe('after fetch: dependent, an identifier of this output stands in its input')
    expect(relations(valued, 'other')).toContain('before fetch: independent, all of this input was known 65.0 ms before it began, and none of it comes from its output')
  })

  test.each<readonly [DependencyEvidence, string, string]>([
    [{ kind: 'carried' }, 'this request carries its result', 'its request carries this result'],
    [{ kind: 'answer' }, 'this request carries its answer', 'its request carries this answer'],
    [{ kind: 'value', value: 'url', count: 2 }, 'a URL and 1 more value of its output stand in this input', 'a URL and 1 more value of this output stand in its input'],
    [{ kind: 'declared' }, 'the program or its framework declared it', 'the program or its framework declared it'],
    [{ kind: 'known-before' }, 'all of this input was known before, and none of it comes from its output', 'all of its input was known before, and none of it comes from this output'],
  ])('%j', (evidence, before, after) => {
    expect(evidenceText(evidence, 1e9, 'before')).toBe(before)
    expect(evidenceText(evidence, 1e9, 'after')).toBe(after)
  })

  test('findings that name it', () => {
    expect(namedBy(run, placeOf(run, 'orders')).findings.map(({ finding }) => finding.code)).toContain('PAR001')
    expect(namedBy(run, placeOf(run, 'log')).findings).toEqual([])
  })

  test('children by operation, the longest first', () => {
    expect(childGroups(run, 0).map(({ name, count, failed, timeNs, longest }) => `${name} ×${count} ${failed} failed ${timeNs / 1e6} longest ${run.spans.start[longest]! / 1e6}`)).toEqual([
      'gpt ×1 0 failed 30 longest 5', 'orders ×1 1 failed 30 longest 60', 'search ×1 0 failed 20 longest 40', 'log ×1 0 failed 10 longest 20', 'search ×1 0 failed 5 longest 90',
    ])
  })

  test('before and after it under its parent', () => {
    const names = (name: string): (string | undefined)[] => {
      const { previous, next } = siblingsOf(run, placeOf(run, name))
      return [previous, next].map((place) => (place === undefined ? undefined : run.name(place)))
    }
    expect(names('gpt')).toEqual([undefined, 'log'])
    expect(names('orders')).toEqual(['search', 'search'])
    expect(siblingsOf(run, 0)).toEqual({})
  })

  test('slack in words', () => {
    expect(slackText(run, placeOf(run, 'log'))).toMatch(/^could take .* longer without delaying the run$/)
    expect(slackText(run, placeOf(run, 'gpt'))).toBe('none: the run waits for it')
    const late = runModel(draw(`
      agent 0-50
        work 0-40
          after 30-60
    `))
    expect(slackText(late, placeOf(late, 'after'))).toBe('ended after its parent: nobody waited for it')
  })

  test('the tools that an answer asked for', () => {
    const { all, byCallId } = issuedBy(run, placeOf(run, 'gpt'))
    expect(all.map((place) => run.name(place))).toEqual(['search', 'orders'])
    expect(run.name(byCallId.get('c2')!)).toBe('orders')
    expect(issuedBy(run, placeOf(run, 'log')).all).toEqual([])
  })
})

describe('sizes of parts', () => {
  const run = runModel(traceOf(recordedTurns('claude-sonnet-4-5-20250929'), CLAUDE))
  const last = run.analysis.calls.length
  const content = run.document.content.calls[last - 1]!
  const context = run.analysis.context.calls.find(({ number }) => number === last)!
  const parts = sizedParts(content.request, run.document.content, context)

  test('add up to the input, each kind to its own', () => {
    const byKind: Record<string, number> = {}
    for (const { part, tokens = 0 } of parts) byKind[part.kind] = (byKind[part.kind] ?? 0) + tokens
    for (const [kind, tokens] of Object.entries(context.composition!)) expect(Math.abs(byKind[kind]! - tokens)).toBeLessThan(parts.length)
  })

  test('are exact where a line of the analysis stands for one part, and marked where not', () => {
    const task = parts.find(({ part }) => part.kind === 'tool-result' && part.name === 'Task')!
    expect(task).toMatchObject({ tokens: context.parts!.find(({ name, kind }) => name === 'Task' && kind === 'tool-result')!.tokens })
    expect(task).not.toHaveProperty('isEstimate')
    expect(parts.find(({ part }) => part.kind === 'user')).toMatchObject({ isEstimate: true })
  })

  test('results have the name of the tool that their call named', () => {
    expect(parts.filter(({ part }) => part.kind === 'tool-result').every(({ part }) => part.name !== undefined)).toBe(true)
  })

  test('without a context nothing is made up', () => {
    expect(sizedParts(content.request, run.document.content, undefined).every(({ tokens }) => tokens === undefined)).toBe(true)
  })

  test('long requests are shown by their two ends', () => {
    expect(shownOf(20)).toEqual({ head: 20, tail: 0 })
    expect(shownOf(500)).toEqual({ head: 8, tail: 16 })
  })
})

describe('texts', () => {
  test('JSON gets lines, anything else stays', () => {
    expect(readable('{"a":[1,2]}')).toBe('{\n  "a": [\n    1,\n    2\n  ]\n}')
    expect(readable('{"a": broken')).toBe('{"a": broken')
    expect(readable('12')).toBe('12')
  })

  test('what acts instead of being read is shown or gone; lines and indentation stay', () => {
    expect(cleanBlock('a\r\n\tb\u001b[31m\u0000')).toBe('a\n\tb␛[31m␀')
    expect(cleanBlock('user\u202egnp.exe\u2066\ufeff')).toBe('usergnp.exe')
    expect(cleanBlock('<script>alert(1)</script>')).toBe('<script>alert(1)</script>')
    expect(cleanBlock('\ud800')).toBe('\ufffd')
  })

  test('beginnings end at a line and never inside a character', () => {
    expect(beginningOf('short')).toBe('short')
    expect(beginningOf('abcdefgh\nijklmn', 10)).toBe('abcdefgh')
    expect(beginningOf('abcdefghi🚚xyz', 10)).toBe('abcdefghi')
  })
})
