import { expect, test } from 'vitest'
import { ValueIndex } from '../src/model/values.ts'
import { decodeTrace, encodeTrace, Profiler, type Trace } from 'spanwise'
import { manualClock } from './support/clock.ts'

/** Outputs by their place, then an input: `0 identifier 1; shares 0; known`. */
function look(outputs: readonly string[], input: string, given = ''): string {
  const index = new ValueIndex()
  index.given(given, 1)
  outputs.forEach((text, output) => index.output(output, text, 10 + output))
  const { from, shares, knownAt } = index.input(input)
  return [
    ...[...from].map(([output, { kind, count }]) => `${output} ${kind} ${count}`),
    shares === 'all' ? 'shares all' : `shares ${[...shares].join()}`,
    knownAt === undefined ? 'not known' : `known at ${knownAt}`,
  ].join('; ')
}

test.each([
  ['an identifier', ['{"order":"ord_8f3a21"}'], '{"id":"ord_8f3a21"}', '', '0 identifier 1; shares 0; known at 10'],
  ['an e-mail address', ['ann@example.com'], 'to: ann@example.com', '', '0 identifier 1; shares 0; known at 10'],
  ['a UUID inside a path', ['id=3b241101-e2bb-4255-8caf-4136c566a962'], '/orders/3b241101-e2bb-4255-8caf-4136c566a962', '', '0 identifier 1; shares 0; not known'],
  ['a URL', ['see https://shop.example/a/b?c=1.'], '{"url":"https://shop.example/a/b?c=1"}', '', '0 url 1; shares 0; known at 10'],
  ['a long number', ['{"total":48213}'], '{"amount":"48213"}', '', '0 number 1; shares 0; known at 10'],
  ['a run of words', ['She said that the parcel never arrived at her door.'], 'the parcel never arrived at her door', '', '0 words 3; shares 0; known at 10'],
  ['a year and a round number prove nothing', ['2026 and 5000'], '2026 5000', '', 'shares 0; known at 10'],
  ['a short number proves nothing, and may have been computed', ['{"page":2}'], '{"page":2}', '', 'shares 0; not known'],
  ['a truth value may have been computed', ['{"sun":true}'], '{"wet":false}', 'true or false', 'shares ; not known'],
  ['null may have been computed', ['sun'], '{"city":null}', 'null', 'shares ; not known'],
  ['a date is known as a whole', ['x'], '2026-07-14', '14 of the 07 boxes of 2026', 'shares ; not known'],
  ['a date that the prompt has', ['x'], '2026-07-14', 'on 2026-07-14.', 'shares ; known at 1'],
  ['upper case of other alphabets', ['MÜNCHEN'], 'münchen', 'münchen', 'shares 0; known at 1'],
  ['JSON inside JSON', [JSON.stringify({ text: JSON.stringify({ a: 'x\nBerlin' }) })], 'Berlin', 'Berlin', 'shares 0; known at 1'],
  ['the escapes of a URL', ['https://x.example/?q=%20M%C3%BCnchen'], 'München', 'München', 'shares 0; known at 1'],
  ['separators in numbers', ['48,213 pieces'], '{"count":48213}', '48213', 'shares 0; known at 1'],
  ['a piece of a name', ['{"id":"orderBerlin77"}'], 'Berlin', 'Berlin', 'shares 0; known at 1'],
  ['a table whose names are values', ['Berlin'], '{"counts":{"berlin":"many"}}', 'many', 'shares 0; known at 1'],
  ['a name that no parameter has', ['{"o":"ord_8f3a21"}'], '{"ord_8f3a21":"lost"}', 'lost', '0 identifier 1; shares 0; known at 1'],
  ['what the prompt had first proves nothing', ['order ord_8f3a21'], 'ord_8f3a21', 'my order is ord_8f3a21', 'shares 0; known at 1'],
  ['known from the start, nothing in common', ['{"sun":true}'], '{"city":"Paris"}', 'How is Paris?', 'shares ; known at 1'],
  ['words of grammar do not count in a sentence', ['in the city'], 'in Rome', 'Rome', 'shares ; known at 1'],
  ['a word of grammar alone is a value', ['{"lang":"it"}'], '{"lang":"it"}', 'it', 'shares 0; known at 1'],
  ['an empty text may come from anything', ['x'], '{"city":""}', '', 'shares ; not known'],
  ['no input is known from the start', ['x'], '{}', '', 'shares ; known at 0'],
  ['the names of fields do not count', ['city'], '{"city":"Rome"}', 'Rome', 'shares ; known at 1'],
  ['upper case is the same word', ['PARIS'], 'paris', '', 'shares 0; known at 10'],
  ['Chinese signs', ['订单号'], '订单', '', 'shares 0; known at 10'],
])('%s', (_, outputs, input, given, expected) => {
  expect(look(outputs, input, given)).toBe(expected)
})

test('a word of very many outputs is shared with all', () => {
  expect(look(Array.from({ length: 80 }, () => 'true'), 'true')).toBe('shares all; not known')
})

/** What a run's spans say of each other, by name. */
const told = ({ spans }: Trace): string[] => spans.flatMap(({ name, values }) => {
  const nameOf = (id: string): string => spans.find((span) => span.id === id)!.name
  if (values === undefined) return []
  const { from = [], shares = [], knownAt, seen } = values
  return [[name, ...from.map(({ spanId, kind, count }) => `from ${nameOf(spanId)} (${kind} ${count})`),
    ...(shares === 'all' ? ['shares all'] : shares.map((id) => `shares ${nameOf(id)}`)),
    ...(knownAt === undefined ? [] : [`known at ${knownAt / 1e6}`]), ...(seen ? ['seen'] : [])].join(', ')]
})

test.each(['none', 'full'] as const)('a recorded run notes where the values of its inputs come from, content %s', async (content) => {
  const clock = manualClock()
  const profiler = new Profiler({ dir: false, content, clock })
  const tool = (name: string, ms: number, result: unknown) => profiler.tool(name, async (..._: unknown[]) => {
    clock.pass(ms)
    return result
  })
  await profiler.run('agent', async () => {
    await tool('find', 10, { order: 'ord_8f3a21', state: 'lost' })({ customer: 'alice' })
    await tool('refund', 5, 'done')({ order: 'ord_8f3a21' })
    await profiler.retrieval('search', async (_: string) => ['page'])('lost')
    await tool('nothing', 1, undefined)()
    await tool('fails', 1, undefined)('ord_8f3a21').then(() => tool('broken', 1, undefined))
  })
  const trace = profiler.lastTrace!
  expect(told(trace)).toEqual([
    'find, seen',
    'refund, from find (identifier 1), shares find, known at 10, seen',
    'search, shares find, known at 10, seen',
    'nothing, known at 0, seen',
    'fails, from find (identifier 1), shares find, known at 10, seen',
  ])
  expect(decodeTrace(encodeTrace(trace)).traces[0]!.spans).toEqual(trace.spans)
})

test('a result too long to look at whole is not seen, and what it holds is unknown', async () => {
  const profiler = new Profiler({ dir: false, clock: manualClock() })
  await profiler.run('agent', async () => {
    await profiler.tool('long', async () => 'word '.repeat(10_000))()
    await profiler.tool('failing', async () => { throw new Error('ord_8f3a21') })().catch(() => undefined)
    await profiler.tool('streams', async function* () { yield 'ord_8f3a21' })().next()
  })
  expect(told(profiler.lastTrace!)).toEqual(['long, known at 0', 'failing, known at 0', 'streams, known at 0'])
})
