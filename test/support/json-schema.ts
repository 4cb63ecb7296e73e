/**
 * What draft-07 of JSON Schema says of a value, as far as the schemas of this repository use it. A keyword that is not known
 * here is an error, so that no rule is passed over in silence.
 */
export interface Schema {
  readonly [keyword: string]: unknown
}

export interface ValidateOptions {
  /** Objects have no other fields than the schema names. */
  readonly closed?: boolean
}

type Rule = (value: unknown, wanted: unknown, at: At) => string[]

interface At {
  readonly path: string
  readonly schema: Schema
  readonly root: Schema
  readonly closed: boolean
}

const NOTES = new Set(['$schema', '$id', 'title', 'description', 'definitions', 'default', 'examples', '$comment'])

/** @returns one line for each place where the value is not as the schema says; none for a valid value */
export function validate(value: unknown, schema: Schema, { closed = false }: ValidateOptions = {}): string[] {
  return check(value, { path: '$', schema, root: schema, closed })
}

function check(value: unknown, at: At): string[] {
  const { schema } = at
  const faults = Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (NOTES.has(keyword)) return []
    const rule = rules[keyword]
    if (rule === undefined) throw new Error(`${at.path}: no rule for the keyword ${keyword}`)
    return rule(value, wanted, at)
  })
  if (at.closed && isObject(value) && isObject(schema['properties']) && schema['additionalProperties'] === undefined) {
    const known = schema['properties']
    faults.push(...Object.keys(value).filter((key) => !Object.hasOwn(known, key)).map((key) => `${at.path}: ${key} is not in the schema`))
  }
  return faults
}

const rules: Readonly<Record<string, Rule>> = {
  $ref: (value, wanted, at) => check(value, { ...at, schema: resolve(String(wanted), at.root) }),
  type: (value, wanted, { path }) => {
    const types = [wanted].flat() as string[]
    if (types.some((type) => hasType(value, type))) return []
    return [`${path}: expected ${types.join(' or ')}, got ${String(JSON.stringify(value)).slice(0, 60)}`]
  },
  const: (value, wanted, { path }) => (equal(value, wanted) ? [] : [`${path}: expected ${JSON.stringify(wanted)}`]),
  enum: (value, wanted, { path }) =>
    (wanted as unknown[]).some((one) => equal(value, one)) ? [] : [`${path}: expected one of ${JSON.stringify(wanted)}`],
  required: (value, wanted, { path }) => !isObject(value) ? []
    : (wanted as string[]).filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}: ${key} is missing`),
  properties: (value, wanted, at) => !isObject(value) ? [] : Object.entries(wanted as Record<string, Schema>)
    .flatMap(([key, schema]) => (Object.hasOwn(value, key) ? check(value[key], { ...at, schema, path: `${at.path}.${key}` }) : [])),
  additionalProperties: (value, wanted, at) => {
    if (!isObject(value)) return []
    const known = at.schema['properties'] ?? {}
    const others = Object.keys(value).filter((key) => !Object.hasOwn(known, key))
    if (typeof wanted === 'boolean') return wanted ? [] : others.map((key) => `${at.path}: ${key} is not allowed`)
    return others.flatMap((key) => check(value[key], { ...at, schema: wanted as Schema, path: `${at.path}.${key}` }))
  },
  items: (value, wanted, at) => !Array.isArray(value) ? []
    : value.flatMap((item, i) => check(item, { ...at, schema: wanted as Schema, path: `${at.path}[${i}]` })),
  minimum: (value, wanted, { path }) =>
    typeof value === 'number' && value < Number(wanted) ? [`${path}: ${value} is below ${String(wanted)}`] : [],
  maximum: (value, wanted, { path }) =>
    typeof value === 'number' && value > Number(wanted) ? [`${path}: ${value} is above ${String(wanted)}`] : [],
  minItems: (value, wanted, { path }) =>
    Array.isArray(value) && value.length < Number(wanted) ? [`${path}: fewer than ${String(wanted)} items`] : [],
  pattern: (value, wanted, { path }) =>
    typeof value === 'string' && !new RegExp(String(wanted), 'u').test(value) ? [`${path}: does not fit ${String(wanted)}`] : [],
  anyOf: (value, wanted, at) => {
    const tried = (wanted as Schema[]).map((schema) => check(value, { ...at, schema }))
    return tried.some((faults) => faults.length === 0) ? [] : [`${at.path}: fits none of its schemas (${tried.map(([first]) => first).join('; ')})`]
  },
  oneOf: (value, wanted, at) => {
    const tried = (wanted as Schema[]).map((schema) => check(value, { ...at, schema }))
    const fitting = tried.filter((faults) => faults.length === 0).length
    return fitting === 1 ? [] : [`${at.path}: fits ${fitting} of its schemas (${tried.flat().join('; ')})`]
  },
  allOf: (value, wanted, at) => (wanted as Schema[]).flatMap((schema) => check(value, { ...at, schema })),
}

function resolve(ref: string, root: Schema): Schema {
  const found = ref.split('/').slice(1).reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), root)
  if (!ref.startsWith('#/') || !isObject(found)) throw new Error(`${ref} leads nowhere`)
  return found
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null': return value === null
    case 'array': return Array.isArray(value)
    case 'object': return isObject(value)
    case 'integer': return Number.isInteger(value)
    default: return typeof value === type
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
