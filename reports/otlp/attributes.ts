import type { AttributeValue } from '../../src/model/span.ts'

/** A number that is a `double` also where it has no fraction. */
export interface Double {
  readonly double: number
}

/** One that is undefined is left out. */
export type Named = readonly [key: string, value: AttributeValue | Double | undefined]

/** `KeyValue[]` of OTLP. Of several values of one key the first counts. */
export function attributeList(named: readonly Named[]): { readonly key: string; readonly value: unknown }[] {
  const values = new Map<string, AttributeValue | Double>()
  for (const [key, value] of named) if (value !== undefined && !values.has(key)) values.set(key, value)
  return [...values].map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue | Double): unknown {
  switch (typeof value) {
    case 'string': return { stringValue: value }
    case 'boolean': return { boolValue: value }
    case 'number': return Number.isSafeInteger(value) ? { intValue: String(value) } : doubleValue(value)
    case 'object': return 'double' in value ? doubleValue(value.double) : arrayValue(value)
  }
}

/** Those of one array are of one type. */
function arrayValue(values: readonly (string | number)[]): unknown {
  const areInts = values.every((value) => Number.isSafeInteger(value))
  const typed = (value: string | number): string | number | Double =>
    typeof value === 'number' && !areInts ? { double: value } : value
  return { arrayValue: { values: values.map((value) => anyValue(typed(value))) } }
}

/** What JSON has no number for is a text in the JSON form of Protobuf: `NaN`, `Infinity`, `-Infinity`. */
const doubleValue = (value: number): unknown => ({ doubleValue: Number.isFinite(value) ? value : String(value) })

/** Without the fields that are undefined. */
export function compact(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
