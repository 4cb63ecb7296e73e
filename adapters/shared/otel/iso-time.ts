const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?\d*(Z|[+-]\d\d:?\d\d)?$/i

/** Nanoseconds since 1970 of an ISO 8601 time, with all its digits. One that does not say its zone is in UTC. */
export function isoNs(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined
  const match = ISO.exec(value)
  if (match === null) return undefined
  const [, digits = '', zone = 'Z'] = match
  const ms = Date.parse(`${value.slice(0, 10)}T${value.slice(11, 19)}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`)
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(digits.padEnd(9, '0'))
}
