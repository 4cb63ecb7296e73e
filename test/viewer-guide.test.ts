import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { guideOf } from '../viewer/build-guide.js'
import { root } from './support/source.ts'

const folder = `${root}docs/findings`
const guide = guideOf()

/** All that a page says, as it is read. */
const wordsOf = (value: unknown): string =>
  Array.isArray(value) ? (value as unknown[]).map(wordsOf).join(' ') : typeof value === 'string' ? value : ''
const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()

describe('the guide', () => {
  test('has a page for each finding, and each in one group', () => {
    const codes = readdirSync(folder).filter((name) => name !== 'README.md').map((name) => name.replace('.md', '')).sort()
    expect(guide.pages.map(({ code }) => code)).toEqual(codes)
    expect(guide.groups.flatMap((group) => group.codes).sort()).toEqual(codes)
  })

  test.each(guide.pages.map(({ code }) => code))('%s says every word of its document', (code) => {
    const { title, blocks } = guide.pages.find((page) => page.code === code)!
    // The kinds of blocks stand before what they hold, and codes before the words of links.
    const shown = letters(blocks.map(([, content]) => wordsOf(Array.isArray(content) ? (content as readonly unknown[]).map(spoken) : content)).join(' '))
    const source = readFileSync(`${folder}/${code}.md`, 'utf8').replace(/^# .*\n/, '').replace(/\]\([^)]*\)/g, ']').replace(/^```\w*$/gm, '')
    expect(shown).toBe(letters(source))
    expect(title).not.toBe('')
  })

  test('has the four parts of every finding as headings', () => {
    for (const { code, blocks } of guide.pages) {
      const headings = blocks.filter(([kind]) => kind === 'h').map(([, text]) => text as string)
      expect([code, ...headings.map((heading) => heading.replace('shown', 'proven'))]).toEqual([code, 'How it is proven', 'When it is wrong', 'What to do', 'Example'])
    }
  })


  test.each([
    ['a page without its title', { 'PAR001.md': 'no title', 'README.md': '## A\n- [PAR001](PAR001.md): x' }, /does not begin with/],
    ['a page that the list lacks', { 'PAR001.md': '# PAR001: x', 'README.md': '## A\n' }, /does not list PAR001/],
    ['a link to nowhere', { 'PAR001.md': '# PAR001: x\n\n[y](PAR009.md)', 'README.md': '## A\n- [PAR001](PAR001.md): x' }, /leads to PAR009.md/],
    ['what it cannot show', { 'PAR001.md': '# PAR001: x\n\n<b>y</b>', 'README.md': '## A\n- [PAR001](PAR001.md): x' }, /cannot show/],
  ])('%s ends the build', (_, files, reason) => {
    expect(() => guideOf((file) => (files as Record<string, string>)[file]!, Object.keys(files))).toThrow(reason)
  })
})

/** An inline without the name of its kind. */
function spoken(inline: unknown): unknown {
  if (!Array.isArray(inline)) return inline
  const [kind, ...rest] = inline as unknown[]
  if (typeof kind === 'string' && /^[bica]$/.test(kind)) return kind === 'a' ? rest[1] : rest[0]
  return (inline as unknown[]).map(spoken)
}
