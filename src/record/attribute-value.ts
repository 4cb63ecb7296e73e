import type { AttributeValue } from '../model/span.ts'
import { clip } from './limits.ts'

/** What is kept of an attribute; undefined for what is no small typed value. */
export function attributeValue(value: unknown, maxChars: number): AttributeValue | undefined {
  switch (typeof value) {
    case 'string': return clip(value, maxChars)
    case 'number': return Number.isFinite(value) ? value : undefined
    case 'boolean': return value
    case 'bigint': return String(value)
    default: break
  }
  if (!Array.isArray(value) || value.length > 128) return undefined
  if (value.every((item) => typeof item === 'string')) return value.map((item: string) => clip(item, maxChars))
  return value.every((item) => typeof item === 'number' && Number.isFinite(item)) ? [...(value as number[])] : undefined
}
