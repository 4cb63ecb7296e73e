/** Units are in the name of a value (`durationNs`, `costUsd`). They are converted once, on the way out, by these. */

const NS_PER_US = 1_000
export const NS_PER_MS = 1_000_000
export const NS_PER_S = 1_000_000_000

export const nsToUs = (ns: number): number => ns / NS_PER_US
export const nsToMs = (ns: number): number => ns / NS_PER_MS
const nsToS = (ns: number): number => ns / NS_PER_S
/** Whole nanoseconds from a monotonic clock that counts milliseconds with a fraction. */
export const msToNs = (ms: number): number => Math.round(ms * NS_PER_MS)

/** Three significant digits in the unit that suits: `4.82 s`, `612 ms`, `35.0 µs`, `2 min 5 s`. */
export function formatDuration(ns: number): string {
  if (ns < 999.5) return `${Math.round(ns)} ns`
  if (ns < 999.5 * NS_PER_US) return `${digits(nsToUs(ns))} µs`
  if (ns < 999.5 * NS_PER_MS) return `${digits(nsToMs(ns))} ms`
  if (ns < 99.95 * NS_PER_S) return `${digits(nsToS(ns))} s`
  const seconds = Math.round(nsToS(ns))
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const digits = (value: number): string => value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
