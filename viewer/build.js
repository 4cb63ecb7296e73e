// Builds the page, viewer/ui, to one script and one style sheet, and hands them to whatever imports `spanwise-page`: the package's
// bundle and the tests. Nothing of it is left to be fetched when the page is opened.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { guideOf } from './build-guide.js'

const root = fileURLToPath(new URL('ui', import.meta.url))

/**
 * What the page's HTML holds as it is: it puts the page's own script in its place, which is packed, as most of it is words.
 * The policy knows both by their hashes.
 */
const START = `try {
  const bytes = Uint8Array.from(atob(document.querySelector('#page').textContent), (char) => char.charCodeAt(0))
  const code = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text()
  document.body.append(Object.assign(document.createElement('script'), { type: 'module', textContent: code }))
} catch (error) {
  const message = document.createElement('h1')
  message.textContent = 'This page is damaged, or the browser too old for it: ' + error.message
  document.querySelector('#app').replaceChildren(message)
}`

/** @returns {Promise<import('./build.d.ts').BuiltPage>} */
async function buildPage() {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [guidePlugin()],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
    build: {
      write: false,
      target: 'es2022',
      cssCodeSplit: false,
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: { input: `${root}/main.tsx`, output: { format: 'es', codeSplitting: false } },
    },
  })
  const { output } = Array.isArray(result) ? result[0] : result
  const scripts = output.filter(({ type }) => type === 'chunk')
  const styles = output.filter(({ fileName }) => fileName.endsWith('.css'))
  const others = output.filter((file) => !scripts.includes(file) && !styles.includes(file))
  if (scripts.length !== 1 || styles.length > 1 || others.length > 0) throw new Error(`the page is more than one file: ${output.map(({ fileName }) => fileName).join(', ')}`)
  const script = scripts[0].code.trim()
  const style = String(styles[0]?.source ?? '').trim()
  if (/<\/style/i.test(style)) throw new Error('the style sheet would end its element')
  return { start: START, script: gzipSync(script, { level: 9 }).toString('base64'), style, hashes: { start: hash(START), script: hash(script), style: hash(style) } }
}

const hash = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** The module `spanwise-guide`, for the page alone. */
function guidePlugin() {
  const id = '\0spanwise-guide'
  return {
    name: 'spanwise-guide',
    resolveId: (source) => (source === 'spanwise-guide' ? id : undefined),
    // As a text that is parsed when somebody opens the guide: an engine reads that faster than code.
    load: (source) => (source === id ? `export const guide = () => JSON.parse(${JSON.stringify(JSON.stringify(guideOf()))})` : undefined),
  }
}

/** For Rolldown and Vite: the module `spanwise-page`. Built once, when the first asks. */
export function pagePlugin() {
  const id = '\0spanwise-page'
  let built
  return {
    name: 'spanwise-page',
    resolveId: (source) => (source === 'spanwise-page' ? id : undefined),
    async load(source) {
      if (source !== id) return undefined
      built ??= buildPage()
      return Object.entries(await built).map(([name, text]) => `export const ${name} = ${JSON.stringify(text)}`).join('\n')
    },
  }
}
