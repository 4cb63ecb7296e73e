import { readFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import { profiler, type Trace } from 'spanwise'
import { checkTrace } from '../laws.ts'
import { startProviderServer, type Asked, type Reply } from './provider-server.ts'
import { root } from './source.ts'

export interface Ran {
  readonly printed: string
  /** Of the runs that it recorded, in order. */
  readonly traces: readonly Trace[]
  readonly asked: readonly Asked[]
}

/**
 * Runs `examples/<name>.ts` as it stands, with a provider on loopback that gives `replies` in turn. An example is a file that is imported;
 * it has fewer than forty lines.
 * @param environment what points its clients at the provider
 */
export async function runExample(name: string, replies: readonly Reply[], environment: (url: string) => Readonly<Record<string, string>>): Promise<Ran> {
  expect(readFileSync(`${root}examples/${name}.ts`, 'utf8').trimEnd().split('\n').length).toBeLessThan(40)
  const server = await startProviderServer()
  const session = server.session()
  session.reply(...replies)
  for (const [variable, value] of Object.entries(environment(session.url))) vi.stubEnv(variable, value)
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void lines.push(values.join(' ')))
  const before = new Set(profiler.traces)
  try {
    await import(`${root}examples/${name}.ts`)
    await profiler.flush()
  } finally {
    log.mockRestore()
    vi.unstubAllEnvs()
    await server.close()
  }
  const traces = profiler.traces.filter((trace) => !before.has(trace))
  for (const trace of traces) checkTrace(trace)
  return { printed: lines.join('\n'), traces, asked: session.asked }
}
