import { Complaint, type Env } from '../command.ts'

/** Where requests of one prefix go. */
export interface Upstream {
  /** The first step of the path here: `/openai/v1/models` goes to the upstream `openai`. */
  readonly name: string
  /** What a client would be told as its base URL without us. What follows the name in a path is a path of this one's host. */
  readonly url: URL
  /** By which variables of the environment clients take a base URL; the first one is what users are told. */
  readonly variables: readonly string[]
}

interface Known {
  readonly name: string
  readonly url: string
  readonly variables: readonly string[]
}

const KNOWN: readonly Known[] = [
  // The second name is that of older versions, and of LiteLLM and LangChain.
  { name: 'openai', url: 'https://api.openai.com/v1', variables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] },
  { name: 'anthropic', url: 'https://api.anthropic.com', variables: ['ANTHROPIC_BASE_URL'] },
  { name: 'google', url: 'https://generativelanguage.googleapis.com', variables: ['GOOGLE_GEMINI_BASE_URL'] },
]

/** Of other upstreams, where clients have a name of their own for it. */
const VARIABLES: ReadonlyMap<string, readonly string[]> = new Map([['ollama', ['OLLAMA_HOST', 'OLLAMA_BASE_URL']]])

const EXAMPLES = ['--to http://localhost:11434/v1 (in place of OpenAI)', '--to groq=https://api.groq.com/openai/v1']

/**
 * The providers, with what the environment and the options say of them.
 * @param given values of `--to`: `name=url`, or the URL of a server that speaks OpenAI's protocol and takes its place
 * @throws Complaint when one makes no sense
 */
export function upstreamsOf(given: readonly string[], env: Env): readonly Upstream[] {
  const named = new Map(given.map((value) => {
    const [, name = 'openai', url = ''] = /^(?:([^=:]+)=)?(.*)$/s.exec(value) ?? []
    if (!/^[a-z][\w-]*$/i.test(name)) throw new Complaint(`--to: a name has letters, digits, - and _, got ${JSON.stringify(name)}`, ...EXAMPLES)
    return [name, urlOf(url, `--to ${value}`)]
  }))
  const known = KNOWN.map(({ name, url, variables }) =>
    ({ name, variables, url: named.get(name) ?? fromEnvironment(name, variables, env) ?? new URL(url) }))
  const others = [...named].filter(([name]) => !KNOWN.some((one) => one.name === name))
  return [...known, ...others.map(([name, url]) => ({ name, url, variables: VARIABLES.get(name) ?? [`${name.toUpperCase().replaceAll('-', '_')}_BASE_URL`] }))]
}

/** The base URL that the program would have used; not one of ours, which would go in a circle. */
function fromEnvironment(name: string, variables: readonly string[], env: Env): URL | undefined {
  const variable = variables.find((one) => env[one]?.trim())
  if (variable === undefined) return undefined
  const url = urlOf(env[variable]!.trim(), variable)
  return isLoopback(url) && url.pathname.split('/', 2)[1] === name ? undefined : url
}

function urlOf(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new Complaint(`${what}: the address of a server begins with http:// or https://`, ...EXAMPLES)
  if (url.username !== '' || url.password !== '') throw new Complaint(`${url.host}: a base URL has no user and no password`)
  if (url.search !== '' || url.hash !== '') throw new Complaint(`${url.host}: a base URL ends with its path`, ...EXAMPLES)
  return url
}

export const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/** What a client is told in place of the upstream's own base URL. */
export const localUrl = ({ name, url }: Upstream, port: number): string => `http://127.0.0.1:${port}/${name}${url.pathname.replace(/\/+$/, '')}`

/** The same for programs that take it from the environment. */
export const variablesFor = (upstreams: readonly Upstream[], port: number): Record<string, string> =>
  Object.fromEntries(upstreams.flatMap((upstream) => upstream.variables.map((variable) => [variable, localUrl(upstream, port)])))
