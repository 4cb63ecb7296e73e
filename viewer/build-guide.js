// Turns docs/findings into the module `spanwise-guide`: trees that the page renders as elements, so that no HTML is ever parsed.
// viewer/ui/guide/spanwise-guide.d.ts says what they look like.
import { readdirSync, readFileSync } from 'node:fs'
import { lexer } from 'marked'

const folder = new URL('../docs/findings/', import.meta.url)

/** @returns {{ pages: object[], groups: object[] }} */
export function guideOf(read = (file) => readFileSync(new URL(file, folder), 'utf8'), files = readdirSync(folder)) {
  const codes = files.filter((file) => /^[A-Z]+\d+\.md$/.test(file)).map((file) => file.slice(0, -'.md'.length)).sort()
  const pages = codes.map((code) => {
    const [first, ...rest] = lexer(read(`${code}.md`)).filter(({ type }) => type !== 'space')
    const title = first?.type === 'heading' && first.text.startsWith(`${code}: `) ? first.text.slice(code.length + 2) : fail(`${code}.md does not begin with its code and its title`)
    return { code, title, blocks: rest.flatMap((token) => blocksOf(token, codes, `${code}.md`)) }
  })
  return { pages, groups: groupsOf(lexer(read('README.md')), codes) }
}

/** The list of the README: a heading, and the codes below it. */
function groupsOf(tokens, codes) {
  const groups = []
  for (const token of tokens) {
    if (token.type === 'heading' && token.depth === 2) groups.push({ title: token.text, codes: [] })
    if (token.type === 'list') groups.at(-1).codes.push(...token.items.map(({ text }) => codes.find((code) => text.startsWith(`[${code}](${code}.md)`)) ?? fail(`README.md lists ${text}`)))
  }
  const listed = groups.flatMap((group) => group.codes)
  const missing = codes.filter((code) => !listed.includes(code))
  if (missing.length > 0) fail(`README.md does not list ${missing.join(', ')}`)
  return groups
}

function blocksOf(token, codes, file) {
  const inlines = (tokens) => tokens.map((inner) => inlineOf(inner, codes, file))
  switch (token.type) {
    case 'space':
      return []
    case 'heading':
      return [['h', token.text]]
    case 'paragraph': {
      // What a paragraph is about stands in bold at its beginning.
      const [lead, next, ...rest] = token.tokens
      if (lead.type !== 'strong') return [['p', inlines(token.tokens)]]
      const text = next === undefined ? [] : [{ ...next, text: next.text?.trimStart(), raw: next.raw.trimStart() }, ...rest]
      return [['h', lead.text.replace(/\.$/, '')], ...(text.length === 0 ? [] : [['p', inlines(text)]])]
    }
    case 'code':
      return [['pre', token.text]]
    case 'list':
      return [['ul', token.items.map((item) => inlines(item.tokens.flatMap((inner) => inner.tokens ?? inner)))]]
    default:
      return fail(`${file} has a ${token.type}, which the guide cannot show`)
  }
}

function inlineOf(token, codes, file) {
  switch (token.type) {
    case 'text':
      return token.text.replace(/\s+/g, ' ')
    case 'escape':
      return token.text
    case 'strong':
      return ['b', token.text]
    case 'em':
      return ['i', token.text]
    case 'codespan':
      return ['c', token.text]
    case 'link': {
      const code = /^([A-Z]+\d+)\.md$/.exec(token.href)?.[1]
      if (code !== undefined && !codes.includes(code)) fail(`${file} leads to ${token.href}, which is not there`)
      // Other documents are not in the page.
      return code === undefined ? token.text : ['a', code, token.text]
    }
    default:
      return fail(`${file} has a ${token.type} in a line, which the guide cannot show`)
  }
}

function fail(message) {
  throw new Error(`the guide: ${message}`)
}
