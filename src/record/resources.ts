import type { Resources } from '../model/span.ts'

/**
 * Readings of the whole process at both ends of a span, and the delay of the event loop in between. The histogram of the
 * event loop is one per span and keeps no process alive (its timer is unreferenced).
 */
export function resourceProbe(): (() => () => Resources) | undefined {
  const { process } = globalThis
  const hooks = process?.getBuiltinModule?.('node:perf_hooks')
  if (hooks === undefined) return undefined
  return () => {
    const delay = hooks.monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    const cpu = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    return () => {
      delay.disable()
      const spent = process.cpuUsage(cpu)
      const now = process.memoryUsage()
      return {
        cpuUserNs: spent.user * 1_000,
        cpuSystemNs: spent.system * 1_000,
        rssStartBytes: rss,
        rssEndBytes: now.rss,
        heapStartBytes: heapUsed,
        heapEndBytes: now.heapUsed,
        ...(delay.max > 0 && Number.isFinite(delay.mean) && {
          eventLoopDelayMaxNs: delay.max,
          eventLoopDelayMeanNs: Math.round(delay.mean),
        }),
      }
    }
  }
}
