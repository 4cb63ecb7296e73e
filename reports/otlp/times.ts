/**
 * Nanoseconds since 1970 as a decimal text: a JavaScript number would round them to about 200 ns.
 * The fields are unsigned: what lies before 1970 is written as 0.
 */
export function unixNano(epochMs: number, ns: number): string {
  const wholeMs = Math.floor(epochMs)
  const time = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((epochMs - wholeMs) * 1e6)) + BigInt(Math.round(ns))
  return String(time > 0n ? time : 0n)
}
