/**
 * The clients that are recorded without a word in the program, as a table: in which file of which package their class is defined, and
 * what of ours watches it. Files of another layout, as of a later version, fit no row and are left alone.
 */
export interface ClientRow {
  /** As `wrap` in the configuration names it. */
  readonly name: ClientName
  /** As the package's own package.json says: it may lie in a folder of any name. */
  readonly package: string
  /** Below the package's folder. */
  readonly files: readonly string[]
  /** The name of the package's folder, where its files are called like those of many others. */
  readonly folder?: string
  /** The class, or the function, that tells it. */
  readonly exported: string
  /** Below our own folder; loaded when such a class is seen. */
  readonly adapter: string
  readonly watch: string
  /** What `watch` gives back takes the place of the class. */
  readonly isReplaced?: true
}

export const clientNames = ['openai', 'anthropic', 'google-genai', 'langchain', 'ai-sdk'] as const
export type ClientName = (typeof clientNames)[number]

export const clientRows: readonly ClientRow[] = [
  { name: 'openai', package: 'openai', files: ['client.mjs', 'client.js'], exported: 'OpenAI', adapter: 'adapters/openai.js', watch: 'watchOpenAI' },
  {
    name: 'anthropic', package: '@anthropic-ai/sdk', files: ['client.mjs', 'client.js'], exported: 'BaseAnthropic',
    adapter: 'adapters/anthropic.js', watch: 'watchAnthropic',
  },
  {
    name: 'google-genai', package: '@google/genai', files: ['dist/node/index.mjs', 'dist/node/index.cjs'], exported: 'GoogleGenAI',
    adapter: 'adapters/google-genai.js', watch: 'watchGoogleGenAI', isReplaced: true,
  },
  {
    name: 'langchain', package: '@langchain/core', files: ['dist/callbacks/manager.js', 'dist/callbacks/manager.cjs'], exported: 'CallbackManager',
    adapter: 'adapters/langchain.js', watch: 'recordLangChain',
  },
  // Version 7 and later: before, each call has to say that it wants to be seen.
  {
    name: 'ai-sdk', package: 'ai', folder: 'ai', files: ['dist/index.js'], exported: 'registerTelemetry', adapter: 'adapters/ai-sdk.js', watch: 'watchAiSdk',
  },
]

const pathsOf = ({ folder, files }: ClientRow): readonly string[] => (folder === undefined ? files : files.map((file) => `${folder}/${file}`))
const endings = [...new Set(clientRows.flatMap(pathsOf))].map((file) => file.replaceAll('.', '\\.').replaceAll('/', '[/\\\\]'))
/** Of all rows, so that most modules are told by one look at the end of their path. */
const CANDIDATE = new RegExp(`[/\\\\](?:${endings.join('|')})$`)
/** Whether a path or URL may fit a row. */
export const isCandidate = (path: string): boolean => CANDIDATE.test(path)

/** @param nameOf reads the name in a package.json; undefined when there is none */
export function clientRow(path: string, nameOf: (packageFile: string) => string | undefined): ClientRow | undefined {
  const slashed = path.replaceAll('\\', '/')
  if (!isCandidate(slashed)) return undefined
  return clientRows.find((row) => row.files.some((file, i) =>
    slashed.endsWith(`/${pathsOf(row)[i]}`) && nameOf(`${slashed.slice(0, -file.length)}package.json`) === row.package))
}
