/** Ids come in as a parameter, so that traces in tests are exact. */
export interface Ids {
  /** 32 lower-case hex digits, not all zero. */
  traceId(): string
  /** 8 lower-case hex digits: the first half of the ids of a run's spans; the other half counts. */
  spanPrefix(): string
}

const hex = (digits: number): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(digits / 2))
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

export const randomIds: Ids = { traceId: () => hex(32), spanPrefix: () => hex(8) }

/** W3C size: 8 bytes as 16 hex digits. `number` counts from 1, so an id is never all zero. */
export const spanId = (prefix: string, number: number): string => prefix + number.toString(16).padStart(8, '0')
