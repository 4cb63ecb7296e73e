import { describe, expect, test } from 'vitest'
import { renderMarkdown } from '../reports/markdown.ts'
import { markdownCode, markdownCodeBlock, markdownText } from '../reports/shared/markdown.ts'
import { drawn, finding } from './support/analysis-fixture.ts'

describe('text', () => {
  test.each([
    ['plain words, 3 % and search_kb', 'plain words, 3 % and search_kb'],
    ['**bold** _it_ `code` ~~gone~~', '\\*\\*bold\\*\\* \\_it\\_ &grave;code&grave; \\~\\~gone\\~\\~'],
    ['[click](javascript:x)', '\\[click\\](javascript:x)'],
    ['![](http://e.example/p.png)', '!\\[\\](http:<!-- -->//e.example/p.png)'],
    ['<img src=x onerror=y>', '&lt;img src=x onerror=y&gt;'],
    ['--> <!-- &amp;', '--&gt; &lt;!-- &amp;amp;'],
    ['a | b \\| c', 'a \\| b \\\\\\| c'],
    ['thanks @octocat, me@e.example', 'thanks @<!-- -->octocat, me@<!-- -->e.example'],
    ['fixes #12 and GH-3 in a/b#4', 'fixes #<!-- -->12 and GH<!-- -->-3 in a/b#<!-- -->4'],
    ['see www.e.example', 'see www<!-- -->.e.example'],
    ['pay $x$ now', 'pay \\$x\\$ now'],
    ['one\n\n# two\n- three', 'one # two - three'],
    ['\u001b[31mred\u202e', 'red'],
  ])('%s', (text, markdown) => expect(markdownText(text)).toBe(markdown))
})

describe('code', () => {
  test.each([
    ['search_kb', '`search_kb`'],
    ['<b> @you #1 *x*', '`<b> @you #1 *x*`'],
    ['', '`(no name)`'],
    ['a|b', '<code>a&#124;b</code>'],
    ['``` <b>', '<code>&#96;&#96;&#96; &#60;b&#62;</code>'],
    ['a\\', '<code>a&#92;</code>'],
    ['a\nb', '`a b`'],
  ])('%s', (name, markdown) => expect(markdownCode(name)).toBe(markdown))
})

test('a fence is longer than what stands in it', () => {
  expect(markdownCodeBlock('a\n```\nb')).toBe('````text\na\n```\nb\n````')
  const markdown = renderMarkdown(drawn('a agent 0-9\n  b tool 0-9', { names: { s0: '```', s1: '````` <b>' } }))
  expect(markdown).toMatch(/^`{6}text$/m)
  expect(outsideFences(markdown)).toContain('<summary>Flame chart</summary>')
})

/** Fenced code ends only with a fence as long as the one that began it. */
const outsideFences = (markdown: string): string => markdown.replace(/^(`{3,})text\n[^]*?\n\1$/gm, '')

/** What renderers act on, outside of code, of escaped signs and of our own tags. */
const active = (markdown: string): string[] => outsideFences(markdown)
  .replace(/`[^`\n]*`/g, '')
  .replace(/\\[!-/:-@[-`{-~]/g, '')
  .replace(/<!-- -->/g, '\0')
  .replace(/<\/?(?:details|summary|sub|code|br)>/g, '')
  .match(/[<>`[\]~$]|\*(?!\*)(?<!\*\*)|@(?!\0)|(?<!&)#(?=\w)|:\/\/|&(?!(?:amp|lt|gt|grave|#\d+);)/g) ?? []

describe('a run whose texts are attacks', () => {
  const attacks = [
    '<script>x</script>', '</details><h1>x', '[x](http://e.example)', '![x](http://e.example/p.png)', '| a | b |', '`', '``', '\\', '\\`',
    '@octocat', '#1', '**x**', '~~x~~', '$x$', '<!--', '-->', '&lt;', '# x', '- x', '1. x', '> x', '\n\n# x', '\n---\n', '___', '', ' ',
    'http://e.example', '[^1]', ':+1:', 'x'.repeat(5_000),
  ]
  test.each(attacks)('%j', (text) => {
    const make = (said: string): string => {
      const base = drawn(`
        a agent 0-100 failed=x:y
          b llm 0-40 in=1 out=1 ttft=10 usd=1
          c tool 40-70 failed=x:y
          c tool 70-80
      `, {
        name: said, names: { s0: said, s1: said, s2: said },
        outcome: { state: 'failed', type: said, message: said },
        findings: [finding(said, said, { advice: said })],
        observations: [{ code: said, title: said, spanIds: [], advice: said }],
        problems: [{ code: said, message: said }],
      })
      const peak = { spanId: 's1', number: 1, model: said, usedTokens: 5, windowTokens: 6, share: 5 / 6 }
      return renderMarkdown({
        ...base,
        context: { calls: [peak], peak },
        categories: base.categories.map((category) => ({ ...category, category: said })),
        models: base.models.map((model) => ({ ...model, model: said, provider: said })),
        operations: base.operations.map((operation) => ({ ...operation, name: said, category: said })),
      })
    }
    const markdown = make(text)
    expect(active(markdown)).toEqual(active(make('plain')))
    expect(markdown.split('\n').length).toBeGreaterThan(20)
    const rows = markdown.split('\n').filter((line) => line.startsWith('|'))
    const bars = (row: string): number => row.match(/(?<!\\)\|/g)?.length ?? 0
    const plainRows = make('plain').split('\n').filter((line) => line.startsWith('|'))
    expect(rows.map(bars)).toEqual(plainRows.map(bars))
  })
})

test('what is not there is not said', () => {
  const markdown = renderMarkdown(drawn('agent agent 0-100'))
  expect(markdown).toContain('Nothing found')
  expect(markdown).not.toMatch(/tokens in|cost|Models|Observations/)
  expect(renderMarkdown(drawn('', { name: 'nothing' }))).toMatch(/^### Spanwise: `nothing`\n\n\*\*no spans were recorded\*\*\n/)
})

test('long lists are cut, and say so', () => {
  const many = Array.from({ length: 40 }, (_, i) => finding('PAR001', `finding ${i} ${'x'.repeat(1_000)}`, { advice: 'y'.repeat(9_000) }))
  const markdown = renderMarkdown(drawn('agent agent 0-100', { findings: many }))
  expect(markdown).toContain('and 28 more findings')
  expect(markdown.length).toBeLessThan(65_536)
})
