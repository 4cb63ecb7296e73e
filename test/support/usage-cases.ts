import { expect, test } from 'vitest'
import { Profiler, type Usage } from 'spanwise'
import { checkTrace } from '../laws.ts'
import { callOnce, Events, type Api } from './fake-client.ts'

/** One answer of an API, whole or streamed, and what must be read from it. */
export type Case = readonly [what: string, api: Api, answer: unknown, says: string]

export function checkCases(cases: readonly Case[]): void {
  test.each(cases)('%s', async (_what, api, answer, says) => {
    const profiler = new Profiler({ enabled: true, sampleRate: 1 })
    const isCut = answer instanceof Events && answer.isCut
    const got = await callOnce(api, answer, profiler).catch((error: unknown) => String(error))
    expect(got).toBe(isCut ? 'Error: connection lost' : answer)
    const trace = profiler.lastTrace!
    checkTrace(trace)
    expect(say(trace.spans[0]?.llm?.usage)).toBe(says)
    expect(profiler.stats().firstSelfError).toBeUndefined()
  })
}

/** `10+4r+2w in, 5+3r out`: uncached, read and written input; visible output and reasoning. */
function say(usage: Usage | undefined): string {
  if (usage === undefined) return 'nothing'
  const { input, output, requests, extra, complete } = usage
  const some = (count: number, letter: string): string => (count > 0 ? `+${count}${letter}` : '')
  const written = Object.entries(input?.cacheWriteByTtl ?? {}).map(([ttl, count]) => ` ${ttl}:${count}`).join('')
  return [
    input === undefined
      ? '? in'
      : `${input.uncached}${some(input.cacheRead, 'r')}${some(input.cacheWrite, 'w')}${written} in`,
    output === undefined ? '? out' : `${output.visible}${some(output.reasoning, 'r')} out`,
    ...Object.entries({ ...requests, ...extra }).map(([name, count]) => `${count} ${name}`),
    ...(complete ? [] : ['incomplete']),
  ].join(', ')
}
