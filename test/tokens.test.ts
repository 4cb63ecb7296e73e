import { Tiktoken } from 'js-tiktoken/lite'
import cl100kBase from 'js-tiktoken/ranks/cl100k_base'
import o200kBase from 'js-tiktoken/ranks/o200k_base'
import { describe, expect, test } from 'vitest'
import { counting, windowEnd } from '../src/tokens/counter.ts'
import { countTokens } from '../src/tokens/index.ts'
import { RankTable } from '../src/tokens/table.ts'

function finish<T>(steps: Generator<void, T>): T {
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}

/** js-tiktoken as the reference. Both special sets are empty, or it throws on text like `<|endoftext|>`. */
const encodings = [
  { name: 'o200k_base', model: 'gpt-4o', data: o200kBase },
  { name: 'cl100k_base', model: 'gpt-4', data: cl100kBase },
].map(({ name, model, data }) => {
  const reference = new Tiktoken(data)
  const table = finish(RankTable.build(data))
  return {
    name,
    model,
    pattern: new RegExp(data.pat_str, 'gu'),
    theirs: (text: string): number[] => reference.encode(text, [], []),
    ours(text: string): number[] {
      const ids: number[] = []
      const count = finish(counting(table, text, ids))
      if (count !== ids.length) throw new Error(`counted ${count} tokens, encoded ${ids.length}`)
      return ids
    },
  }
})

function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const scraps = [
  ...'the quick brown fox, jumps; don\'t won\'t WE\'LL they\'Ve I\'d can’t naïve Straße İstanbul ǅ'.split(' '),
  ' ', '  ', '   ', '\n', '\n\n', '\r\n', '\t', ' \n ', '\t\t  x', '\u00a0', '\u3000', '\u2028', '\ufeff',
  'const x = await f(a, b) ?? {}', 'if (x) {\n    return y\n  }\n', '</div>\n', '// note\n', 'camelCaseHTTPServer',
  '__init__', 'a/b//c\n/',
  '0', '12', '123', '1234567', '3.14e-10', '٣٤٥', '½', '①', '0x7fff', '2024-01-31T10:00:00Z',
  '中', '中文分词很难。', 'こんにちは、世界', '안녕하세요', 'привет, мир', 'مرحبا', 'नमस्ते', 'ไทย', 'שלום',
  'e\u0301', '\u0301', 'a\u0308\u0323', '𝒜', '𝒜𝓑 𝟘', '😀', '👩‍👩‍👧‍👦', '🇩🇪', '❤️', '\ud83d', '\ude00', '\ude00\ud83d',
  '<|endoftext|>', '<|fim_prefix|>', '<|im_start|>user', '<|endofprompt|>', '|>', '<|',
  '---', '=====', '!!!?!', '…', '“quoted”', '\u0000', '\u007f', '\u0080', '\uffff', '\u{10ffff}',
  'eyJhbGciOiJIUzI1NiJ9', 'QmFzZTY0IGlzIG5vdCBlbmNyeXB0aW9u+/==', 'https://example.org/a?b=c&d=%20',
  '{"id":"call_9f","args":{"n":[1,2]}}',
]

function fuzz(seed: number): string {
  const random = randomFrom(seed)
  return Array.from({ length: 1 + random(40) }, () => {
    const kind = random(12)
    if (kind === 0) return String.fromCharCode(...Array.from({ length: 1 + random(12) }, () => random(0x10000)))
    if (kind === 1) return String.fromCharCode(...Array.from({ length: 1 + random(90) }, () => 97 + random(26)))
    const scrap = scraps[random(scraps.length)]!
    return kind === 2 ? scrap.repeat(1 + random(30)) : kind < 7 ? `${scrap} ` : scrap
  }).join('')
}

const prose = `Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, and
nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.\n\n`
const code = `export function* walk<T>(tree: Node<T>, depth = 0): Generator<[T, number]> {
\tfor (const child of tree.children ?? []) yield* walk(child, depth + 1) // depth-first
\tyield [tree.value, depth];\n}\n`
const chat = '{"role":"user","content":"Wie spät ist es in Tōkyō? 🕰️ It\\u2019s 12:30, isn\'t it?"}\n'

describe.each(encodings)('$name', ({ model, pattern, ours, theirs }) => {
  test.each(Array.from({ length: 15 }, (_, group) => group))('agrees with js-tiktoken on 25 random texts (%i)', (group) => {
    for (let seed = group * 25; seed < (group + 1) * 25; seed++) {
      const text = fuzz(seed)
      expect(ours(text), `fuzz(${seed})`).toEqual(theirs(text))
      expect(countTokens(text, model)).toBe(theirs(text).length)
    }
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['every byte', String.fromCharCode(...Array(256).keys())],
    ['prose', prose.repeat(20)],
    ['code', code.repeat(20)],
    ['a chat', chat.repeat(20)],
    ['equal letters', 'a'.repeat(700)],
    ['equal capitals', 'A'.repeat(300)],
    ['a repeated pair', 'ab'.repeat(300)],
    ['one Chinese character', '中'.repeat(250)],
    ['emoji', '😀'.repeat(150)],
    ['lone surrogates', '\ud83d'.repeat(100)],
    ['spaces before a word', `${' '.repeat(900)}x`],
    ['spaces at the end', `x${' '.repeat(900)}`],
    ['lines of spaces', `${' '.repeat(90)}\n`.repeat(9)],
    ['dashes', '-'.repeat(900)],
    ['digits', '1234567890'.repeat(60)],
    ['a long token', '='.repeat(64) + ' '.repeat(128)],
    ['64 and 65 bytes', `${'q'.repeat(64)} ${'q'.repeat(64)}\n${'ж'.repeat(32)} ${'ж'.repeat(33)}`],
  ])('agrees with js-tiktoken on %s', (_, text) => {
    expect(ours(text)).toEqual(theirs(text))
  })

  test('agrees with js-tiktoken on a text of many windows', () => {
    const parts = Array.from({ length: 500 }, (_, seed) => [fuzz(1_000 + seed), prose, code, chat][seed % 4])
    const text = parts.join('')
    expect(text.length).toBeGreaterThan(100_000)
    expect(ours(text)).toEqual(theirs(text))
  })

  test('a window ends where a piece ends, whatever follows', () => {
    const pieces = (text: string): string[] => text.match(pattern) ?? []
    let cuts = 0
    for (let seed = 0; seed < 200; seed++) {
      const text = fuzz(5_000 + seed)
      for (let end = windowEnd(text, 0, 1); end < text.length; end = windowEnd(text, 0, end + 1)) {
        cuts++
        const apart = [...pieces(text.slice(0, end)), ...pieces(text.slice(end))]
        expect(apart, `fuzz(${5_000 + seed}) at ${end}`).toEqual(pieces(text))
      }
    }
    expect(cuts).toBeGreaterThan(2_000)
  })
})

// The package's own merge takes more than 90 s for each of these.
test.each<[string, string, number]>([
  ['letters', 'a', 12_500],
  ['Chinese characters', '中', 100_000],
  ['spaces', ' ', 782],
])('100,000 equal %s', (_, char, expected) => {
  expect(countTokens(char.repeat(100_000), 'gpt-4o')).toBe(expected)
})

test('text without any place to cut it is counted to within a token for each 131,072 units', () => {
  const letters = countTokens('a'.repeat(400_000), 'gpt-4o')!
  expect(Math.abs(letters - 50_000)).toBeLessThanOrEqual(3)
  // Of two units each, so that a cut in the middle of one would make two lone surrogates of it.
  expect(countTokens(`x${'😀'.repeat(100_000)}`, 'gpt-4o')).toBe(100_001)
})
