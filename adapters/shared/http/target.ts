/** What a request's target says: its path, and the two parameters that are ours. Everything else in it stays as it was, byte for byte. */

/** Asks for the report. */
const PROFILE = 'profile'
const YES = new Set(['1', 'true', 'yes'])
/** Asks for the response that a report was given in place of. */
const ORIGINAL = 'spanwise-original'

const MAX_PATH_CHARS = 500

/** Where the query begins; -1 without one. */
const queryAt = (target: string): number => target.indexOf('?')

/** The path alone: no query ever gets into a name, an attribute or a file. */
export function pathOf(target: string): string {
  const at = queryAt(target)
  const path = at === -1 ? target : target.slice(0, at)
  const plain = path.startsWith('/') ? path : path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '') || '/'
  return plain.length <= MAX_PATH_CHARS ? plain : `${plain.slice(0, MAX_PATH_CHARS - 1)}…`
}

/** The decoded value of a parameter, of each time that it is there. */
function* valuesOf(query: string, wanted: string): Generator<string> {
  for (const pair of query.split('&')) {
    const [name, value] = decoded(pair)
    if (name === wanted) yield value
  }
}

function decoded(pair: string): readonly [name: string, value: string] {
  const at = pair.indexOf('=')
  return at === -1 ? [plain(pair), ''] : [plain(pair.slice(0, at)), plain(pair.slice(at + 1))]
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const isYes = (value: string): boolean => YES.has(value.toLowerCase())

export interface Parameters {
  readonly wantsProfile: boolean
  readonly originalId?: string
}

const NONE: Parameters = Object.freeze({ wantsProfile: false })

export function parametersOf(target: string): Parameters {
  const at = queryAt(target)
  if (at === -1) return NONE
  const query = target.slice(at + 1)
  const [originalId] = valuesOf(query, ORIGINAL)
  if (originalId !== undefined) return { wantsProfile: false, originalId }
  return [...valuesOf(query, PROFILE)].some(isYes) ? { wantsProfile: true } : NONE
}

/** The target as it was before somebody asked for a profile: a `profile` that says something else is the application's. */
export function withoutProfile(target: string): string {
  const at = queryAt(target)
  if (at === -1) return target
  const kept = target.slice(at + 1).split('&').filter((pair) => {
    const [name, value] = decoded(pair)
    return !(name === PROFILE && isYes(value))
  })
  return kept.length === 0 ? target.slice(0, at) : `${target.slice(0, at)}?${kept.join('&')}`
}

/** Which values of `profile` are ours, where a framework has parsed the query already. */
export function withoutProfileValues(value: unknown): unknown {
  if (typeof value === 'string') return isYes(value) ? undefined : value
  if (!Array.isArray(value)) return value
  const kept = value.filter((one) => typeof one !== 'string' || !isYes(one))
  return kept.length === 0 ? undefined : kept.length === 1 ? kept[0] : kept
}

/** A reference, relative to the address that was asked, under which the response with this id is. */
export function originalReference(target: string, id: string): string {
  const rest = withoutProfile(target)
  const at = queryAt(rest)
  const others = at === -1 ? '' : rest.slice(at + 1)
  // It goes into a header.
  return others === '' || /[^!-~]/.test(others) ? `?${ORIGINAL}=${id}` : `?${others}&${ORIGINAL}=${id}`
}
