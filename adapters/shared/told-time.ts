import type { Profiler } from '../../src/kit.ts'

/** Times further from now than this were given by whoever told of them, mostly after it had happened. */
const NOW_MS = 5

/** A time that somebody tells, in milliseconds since 1970, by the profiler's clock. What is told as it happens is now. */
export function toldTime(profiler: Profiler, epochMs: number): number {
  const ago = Date.now() - epochMs
  return profiler.now() - (Math.abs(ago) > NOW_MS ? ago : 0)
}
