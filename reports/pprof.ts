import type { Analysis } from '../src/model/analysis.ts'
import { ProtobufWriter } from './pprof/protobuf.ts'
import { stacksOf, type Frame } from './pprof/stacks.ts'
import type { Report } from './shared/report.ts'

/**
 * A profile for `go tool pprof`, Pyroscope and others: https://github.com/google/pprof/blob/main/proto/profile.proto
 * A function is an operation, its file the category. Each sample has three values: time on the critical path, which adds up to
 * the run's duration; input and output tokens; cost in millionths of a US dollar.
 * @returns the bytes of the `Profile` message, not compressed: readers take it so, and compressing needs a runtime
 */
export function renderPprof(analysis: Analysis): Uint8Array {
  const profile = new ProtobufWriter()
  const strings = new Numbered()
  const locations = new Numbered()
  const frames: Frame[] = []
  strings.of('')

  for (const [type, unit] of [['wall', 'nanoseconds'], ['tokens', 'count'], ['cost', 'microdollar']] as const) {
    profile.message(PROFILE.sampleType, (value) => {
      value.number(1, strings.of(type))
      value.number(2, strings.of(unit))
    })
  }
  for (const { frames: stack, wallNs, tokens, microUsd } of stacksOf(analysis)) {
    const ids = stack.map((frame) => {
      const index = locations.of(`${frame.category}\0${frame.name}`)
      frames[index] ??= frame
      return index + 1
    })
    profile.message(PROFILE.sample, (sample) => {
      sample.numbers(1, ids)
      sample.numbers(2, [wallNs, tokens, microUsd])
    })
  }
  frames.forEach((frame, index) => writeFrame(profile, frame, index + 1, strings))
  profile.number(PROFILE.timeNanos, epochNs(analysis.run.startedAtEpochMs))
  profile.number(PROFILE.durationNanos, analysis.totals.durationNs)
  profile.number(PROFILE.comment, strings.of(`spanwise run ${analysis.run.name}`))
  profile.number(PROFILE.defaultSampleType, strings.of('wall'))
  for (const text of strings.keys()) profile.text(PROFILE.stringTable, text)
  return profile.finish().slice()
}

const PROFILE = {
  sampleType: 1, sample: 2, location: 4, function: 5, stringTable: 6, timeNanos: 9, durationNanos: 10, comment: 13,
  defaultSampleType: 14,
} as const

/** One function and its only location, both with one id. */
function writeFrame(profile: ProtobufWriter, { name, category }: Frame, id: number, strings: Numbered): void {
  profile.message(PROFILE.location, (location) => {
    location.number(1, id)
    location.message(4, (line) => line.number(1, id))
  })
  profile.message(PROFILE.function, (made) => {
    made.number(1, id)
    made.number(2, strings.of(name))
    made.number(3, strings.of(name))
    made.number(4, strings.of(category))
  })
}

/** Numbers texts from 0 in the order in which they come. */
class Numbered {
  readonly #numbers = new Map<string, number>()

  of(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#numbers.size)
    return this.#numbers.size - 1
  }

  keys(): Iterable<string> {
    return this.#numbers.keys()
  }
}

/** A number would round it to about 200 ns. What lies before 1970 is unknown. */
function epochNs(epochMs: number): bigint {
  const wholeMs = Math.max(0, Math.floor(epochMs))
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round(Math.max(0, epochMs - wholeMs) * 1e6))
}

export const pprofReport: Report<Uint8Array> = { name: 'pprof', extension: 'pprof', render: renderPprof }
