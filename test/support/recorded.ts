import { afterEach, expect } from 'vitest'
import { Profiler, type ProfilerOptions, type Span, type ToolDetail, type Trace } from 'spanwise'
import { checkTrace } from '../laws.ts'
import { manualClock, type ManualClock } from './clock.ts'

const made: Profiler[] = []

/** A profiler with a clock that stands still. All that it records is checked after the test. */
export function recorded(options: ProfilerOptions = {}): { readonly profiler: Profiler; readonly clock: ManualClock } {
  const clock = manualClock()
  const profiler = new Profiler({ enabled: true, sampleRate: 1, clock, ...options })
  made.push(profiler)
  return { profiler, clock }
}

afterEach(() => {
  for (const profiler of made.splice(0)) {
    for (const trace of profiler.traces) {
      checkTrace(trace)
      expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
    }
  }
})

/** A tool's details without the hashes of its texts. */
export function withoutHashes({ argumentsHash: _args, resultHash: _result, ...tool }: ToolDetail): ToolDetail {
  return tool
}

/**
 * One line a span, indented under its parent: name, start and end in milliseconds, and what is not the normal case (a
 * category other than the root's `agent` and the default `internal`, an outcome other than ok, late).
 */
export function tree(trace: Trace | undefined): string {
  if (trace === undefined) return '(no trace)'
  const line = (span: Span, depth: number): string[] => [
    '  '.repeat(depth) + describe(span),
    ...trace.spans.filter(({ parentId }) => parentId === span.id).flatMap((child) => line(child, depth + 1)),
  ]
  return trace.spans.filter(({ parentId }) => parentId === undefined).flatMap((span) => line(span, 0)).join('\n')
}

function describe({ name, category, start, end, outcome, late, tool }: Span): string {
  const { state } = outcome
  return [
    name,
    ...(category === 'agent' || category === 'internal' ? [] : [category]),
    `${start / 1e6}-${end === undefined ? '' : end / 1e6}`,
    ...(state === 'ok' ? [] : [state === 'failed' ? `failed ${outcome.type}: ${outcome.message}` : state]),
    ...(late === true ? ['late'] : []),
    ...(tool?.yielded === undefined ? [] : [`yielded ${tool.yielded}`]),
    ...(tool?.callId === undefined ? [] : [`for ${tool.callId}`]),
  ].join(' ')
}

/** Checks a trace drawn as text. */
export function expectTree(trace: Trace | undefined, drawn: string): void {
  const lines = drawn.split('\n').filter((line) => line.trim() !== '')
  const indent = Math.min(...lines.map((line) => line.search(/\S/)))
  expect(tree(trace)).toBe(lines.map((line) => line.slice(indent)).join('\n'))
}
