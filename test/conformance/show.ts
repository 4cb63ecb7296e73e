/**
 * What a user can see of a value, as text, so that two values are equal when their texts are: classes, the order of keys,
 * keys that do not list themselves, error fields, headers.
 */
export function show(value: unknown): string {
  return lines(value, new Set(), 0)
}

const MAX_DEPTH = 12
const pad = (depth: number): string => '  '.repeat(depth + 1)

function lines(value: unknown, above: ReadonlySet<object>, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return `function ${value.name}/${value.length}`
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  if (above.has(value)) return '(the object around it)'
  if (depth > MAX_DEPTH) return '(deeper)'
  const inner = new Set([...above, value])
  if (value instanceof Error) return block(className(value), errorFields(value), inner, depth)
  if (value instanceof Headers) return block('Headers', [...value].map(([name, text]) => [name, text]), inner, depth)
  if (value instanceof Response) {
    const { status, ok, url, bodyUsed, headers } = value
    return block(className(value), Object.entries({ status, ok, path: pathOf(url), bodyUsed, headers }), inner, depth)
  }
  if (ArrayBuffer.isView(value)) return `${className(value)} [${[...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)].join(' ')}]`
  if (Array.isArray(value)) return block(className(value), ownFields(value).filter(([key]) => key !== 'length (hidden)'), inner, depth)
  const name = className(value)
  if (name === 'Object' || name === 'null') return block(name, ownFields(value), inner, depth)
  // Of an instance of a class (a promise, a stream, a client) the names: its values are its own affair.
  return `${name} { ${Object.keys(value).join(', ')} }`
}

const block = (name: string, fields: readonly (readonly [string, unknown])[], inner: ReadonlySet<object>, depth: number): string =>
  fields.length === 0
    ? `${name} {}`
    : `${name} {\n${fields.map(([key, value]) => `${pad(depth)}${key}: ${lines(value, inner, depth + 1)}`).join('\n')}\n${pad(depth - 1)}}`

const className = (value: object): string => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null ? 'null' : ((prototype as object).constructor?.name ?? '(no class)')
}

function ownFields(value: object): [string, unknown][] {
  return Reflect.ownKeys(value).map((key) => {
    const { enumerable, get, value: field } = Object.getOwnPropertyDescriptor(value, key)!
    const marks = `${enumerable === true ? '' : ' (hidden)'}${get === undefined ? '' : ' (getter)'}`
    return [`${String(key)}${marks}`, get === undefined ? (field as unknown) : undefined]
  })
}

function errorFields(error: Error): [string, unknown][] {
  const fields = ownFields(error).filter(([key]) => !key.startsWith('stack') && !key.startsWith('message'))
  return [['name', error.name], ['message', withoutPort(error.message)], ...fields]
}

/** Both runs have a session of their own on the server, and closed ports differ. */
const withoutPort = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+(\/s\d+)?/g, 'server')
const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/]+\/s\d+/, '')
