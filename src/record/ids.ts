import { hex2, hex8 } from '../model/hex.ts'

/** Ids come in as a parameter, so that traces in tests are exact. */
export interface Ids {
  /** 32 lower-case hex digits, not all zero. */
  traceId(): string
  /** 8 lower-case hex digits: the first half of the ids of a run's spans; the other half counts. */
  spanPrefix(): string
}

/** Random bytes come in stock: asking for a few costs as much as asking for many. */
const stock = new Uint8Array(2_048)
let used = stock.length

function hex(bytes: number): string {
  if (used + bytes > stock.length) {
    crypto.getRandomValues(stock)
    used = 0
  }
  let text = ''
  for (const end = used + bytes; used < end; used++) text += hex2(stock[used]!)
  return text
}

export const randomIds: Ids = { traceId: () => hex(16), spanPrefix: () => hex(4) }

/** W3C size: 8 bytes as 16 hex digits. `number` counts from 1, so an id is never all zero. */
export const spanId = (prefix: string, number: number): string => prefix + hex8(number)
