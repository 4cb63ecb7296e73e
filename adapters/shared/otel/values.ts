import type { AttributeValue } from '../../../src/model/span.ts'
import { fields, list, type Fields } from '../json.ts'

/** Attributes by their names, which are the file's: a map, so that no name means anything. */
export type AttributeMap = ReadonlyMap<string, unknown>

const MAX_DEPTH = 16
const MAX_CHARS = 4_096
const MAX_ITEMS = 128

/** The field of that name in lowerCamelCase, or as Protobuf writes it. */
export function field(object: Fields | undefined, name: string): unknown {
  if (object === undefined) return undefined
  if (Object.hasOwn(object, name)) return object[name]
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.hasOwn(object, snake) ? object[snake] : undefined
}

/** OTLP's list of keys and values; or a plain object, as the SDKs print their spans. */
export function readAttributes(value: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>()
  if (Array.isArray(value)) {
    for (const item of value) {
      const pair = fields(item)
      if (typeof pair?.['key'] === 'string') found.set(pair['key'], anyValue(pair['value']))
    }
  } else {
    for (const [key, one] of Object.entries(fields(value) ?? {})) found.set(key, one)
  }
  return found
}

/** What an OTLP `AnyValue` holds. A value that is none is taken as it is. */
export function anyValue(value: unknown, depth = 0): unknown {
  const any = fields(value)
  if (any === undefined) return value
  if (depth > MAX_DEPTH) return undefined
  const simple = field(any, 'stringValue') ?? field(any, 'boolValue') ?? field(any, 'bytesValue')
  if (simple !== undefined) return simple
  const number = field(any, 'intValue') ?? field(any, 'doubleValue')
  if (number !== undefined) return asNumber(number) ?? number
  const items = fields(field(any, 'arrayValue'))
  if (items !== undefined) return list(items['values']).map((item) => anyValue(item, depth + 1))
  const pairs = fields(field(any, 'kvlistValue'))
  if (pairs === undefined) return undefined
  return Object.fromEntries([...list(pairs['values'])].flatMap((item) => {
    const pair = fields(item)
    return typeof pair?.['key'] === 'string' ? [[pair['key'], anyValue(pair['value'], depth + 1)]] : []
  }))
}

/** A number, or one that is written as text: OTLP writes 64-bit integers so. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^-?\d{1,19}(\.\d+)?$/.test(value)) return undefined
  const number = Number(value)
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number
}

/** A value as an attribute keeps it: small, and of a known type. */
export function toAttribute(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string') return clip(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.slice(0, MAX_ITEMS)
    if (items.every((item) => typeof item === 'string')) return items.map(clip)
    if (items.every((item) => Number.isFinite(item))) return items as readonly number[]
  }
  return clip(JSON.stringify(value))
}

const clip = (text: string): string => (text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS - 1)}…`)
