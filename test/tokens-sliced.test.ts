import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type * as Tokens from '../src/tokens/index.ts'

const prose = 'It was the best of times, it was the worst of times, it was the age of wisdom, it was the season of Light. '
const long = prose.repeat(900)

/** A process that has not counted yet. */
let tokens: typeof Tokens
beforeEach(async () => {
  vi.resetModules()
  Reflect.deleteProperty(globalThis, Symbol.for('spanwise.encoders.v1'))
  tokens = await import('../src/tokens/index.ts')
})
afterEach(() => vi.restoreAllMocks())

function turns(): { readonly yieldNow: () => Promise<void>; readonly count: number } {
  let count = 0
  return {
    async yieldNow() {
      count++
    },
    get count() {
      return count
    },
  }
}

describe('countTokensSliced', () => {
  test('gives what countTokens gives, in the order of the texts', async () => {
    const texts = ['', 'one', long, 'one', '中文 😀', prose]
    const sliced = await tokens.countTokensSliced(texts, 'gpt-4o')
    expect(sliced).toEqual(texts.map((text) => tokens.countTokens(text, 'gpt-4o')))
    expect(sliced[0]).toBe(0)
  })

  test('lets others run while it loads, between texts and inside one', async () => {
    const loading = turns()
    await tokens.countTokensSliced([], 'gpt-4o', { sliceMs: 1e-9, yieldNow: loading.yieldNow })
    expect(loading.count).toBe(1)
    const first = turns()
    await tokens.countTokensSliced(['one'], 'gpt-4o', { sliceMs: 1e-9, yieldNow: first.yieldNow })
    expect(first.count).toBeGreaterThan(40)
    const inside = turns()
    await tokens.countTokensSliced([long], 'gpt-4o', { sliceMs: 1e-9, yieldNow: inside.yieldNow })
    expect(inside.count).toBeGreaterThan(20)
    const unbroken = turns()
    await tokens.countTokensSliced(['a'.repeat(100_000)], 'gpt-4o', { sliceMs: 1e-9, yieldNow: unbroken.yieldNow })
    expect(unbroken.count).toBeGreaterThan(40)
    const between = turns()
    await tokens.countTokensSliced(['one', 'two', 'three'], 'gpt-4o', { sliceMs: 1e-9, yieldNow: between.yieldNow })
    expect(between.count).toBeGreaterThanOrEqual(3)
  })

  test('yields once when all fits into a slice', async () => {
    tokens.countTokens('loaded', 'gpt-4o')
    const few = turns()
    await tokens.countTokensSliced(['one', 'two', long], 'gpt-4o', { sliceMs: 60_000, yieldNow: few.yieldNow })
    expect(few.count).toBe(1)
  })

  test('may be overtaken: a synchronous count finishes the loading, another text is counted in between', async () => {
    const overtaken: (number | undefined)[] = []
    const yieldNow = async (): Promise<void> => {
      overtaken.push(tokens.countTokens(`${overtaken.length} ${prose}`, 'gpt-4o'))
    }
    const counts = await tokens.countTokensSliced([long, `${long}!`], 'gpt-4o', { sliceMs: 1e-9, yieldNow })
    expect(counts).toEqual([tokens.countTokens(`${long}`, 'gpt-4o'), tokens.countTokens(`${long}!`, 'gpt-4o')])
    expect(new Set(overtaken.slice(0, 10))).toEqual(new Set([tokens.countTokens(`0 ${prose}`, 'gpt-4o')]))
  })

  test('several at once share one table', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => `${i} ${long}`)
    const together = await Promise.all(texts.map((text) => tokens.countTokensSliced([text], 'gpt-4', { sliceMs: 1 })))
    expect(together.flat()).toEqual(texts.map((text) => tokens.countTokens(text, 'gpt-4')))
  })

  test.each([0, -5, Number.NaN])('a slice of %d ms is refused', async (sliceMs) => {
    await expect(tokens.countTokensSliced(['x'], 'gpt-4o', { sliceMs })).rejects.toThrow(`got ${sliceMs}`)
  })
})

describe('where nothing can be required', () => {
  beforeEach(() => {
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new TypeError('process.getBuiltinModule is not a function')
    })
  })

  test('the synchronous count is unknown, and does not throw', () => {
    expect(tokens.countTokens('hello', 'gpt-4o')).toBeUndefined()
    expect(tokens.estimateRequestTokens([{ kind: 'user', text: 'hello' }], 'gpt-4o')).toBeUndefined()
  })

  test('the sliced one imports the ranks, and from then on the synchronous one knows them too', async () => {
    expect(tokens.countTokens('hello world', 'gpt-4')).toBeUndefined()
    expect(await tokens.countTokensSliced(['hello world'], 'gpt-4')).toEqual([2])
    expect(tokens.countTokens('hello world', 'gpt-4')).toBe(2)
  })

  test('the sliced one says unknown when the import fails', async () => {
    vi.doMock('js-tiktoken/ranks/o200k_base', () => ({ default: { pat_str: 1 } }))
    expect(await tokens.countTokensSliced(['a', 'b'], 'gpt-4o')).toEqual([undefined, undefined])
    vi.doUnmock('js-tiktoken/ranks/o200k_base')
  })
})
