import { Ajv, type ErrorObject } from 'ajv'

/** A JSON Schema of draft-07, as it was parsed. */
export interface Schema {
  readonly [keyword: string]: unknown
}

export interface ValidatorOptions {
  /** Objects have no other fields than the schema names, though it would let them. */
  readonly closed?: boolean
}

/** One line for each place where the value is not as the schema says; none for a valid value. */
export type Validate = (value: unknown) => string[]

/** @throws when the schema is none, or has a keyword or a combination of them that ajv's strict mode refuses */
export function validator(schema: Schema, { closed = false }: ValidatorOptions = {}): Validate {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(closed ? (closeAll(schema) as Schema) : schema)
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(lineOf))
}

const lineOf = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath === '' ? '/' : instancePath} ${message} ${JSON.stringify(params)}`

function closeAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closeAll)
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closeAll(one)]))
  const isOpen = inner['type'] === 'object' && inner['properties'] !== undefined && inner['additionalProperties'] === undefined
  return isOpen ? { ...inner, additionalProperties: false } : inner
}
