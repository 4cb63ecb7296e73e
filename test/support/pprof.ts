import { Profile as Decoded } from 'pprof-format'
import { printable } from '../../reports/shared/json-text.ts'

/** A pprof profile as Datadog's decoder reads it, with names in the place of numbers. */
export interface Profile {
  readonly sampleTypes: readonly string[]
  /** Root first. */
  readonly samples: readonly { readonly stack: readonly string[]; readonly values: readonly bigint[] }[]
  readonly strings: readonly string[]
  readonly locationIds: readonly bigint[]
  readonly timeNanos: bigint
  readonly durationNanos: bigint
  readonly defaultSampleType: string
  readonly comments: readonly string[]
}

type Numeric = number | bigint

/** @throws when a number leads to no string, function or location */
export function readPprof(bytes: Uint8Array): Profile {
  const profile = Decoded.decode(bytes)
  const { strings } = profile.stringTable
  const stringAt = (index: Numeric): string => found(strings[Number(index)], `string ${index}`)
  const functions = new Map(profile.function.map(({ id, name, filename }) => [BigInt(id), `${stringAt(name)} [${stringAt(filename)}]`]))
  const locations = new Map(profile.location.map(({ id, line: [line] }) =>
    [BigInt(id), found(functions.get(BigInt(line?.functionId ?? 0)), `function of location ${id}`)]))
  return {
    sampleTypes: profile.sampleType.map(({ type, unit }) => `${stringAt(type)}/${stringAt(unit)}`),
    samples: profile.sample.map(({ locationId, value }) => ({
      stack: locationId.map((id) => found(locations.get(BigInt(id)), `location ${id}`)).reverse(),
      values: value.map(BigInt),
    })),
    strings,
    locationIds: [...locations.keys()],
    timeNanos: BigInt(profile.timeNanos),
    durationNanos: BigInt(profile.durationNanos),
    defaultSampleType: stringAt(profile.defaultSampleType),
    comments: profile.comment.map(stringAt),
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`)
  return value
}

/** The profile as text, for a golden: `root; child  wall tokens cost`. */
export function pprofText({ sampleTypes, samples, timeNanos, durationNanos, defaultSampleType, comments }: Profile): string {
  return [
    ...comments.map((comment) => `comment ${comment}`),
    `time ${timeNanos} ns`,
    `duration ${durationNanos} ns`,
    `types ${sampleTypes.join(' ')}, first ${defaultSampleType}`,
    '',
    ...samples.map(({ stack, values }) => `${stack.map(visible).join('; ')}  ${values.join(' ')}`),
  ].join('\n')
}

/** Control characters as JSON writes them, so that the golden is text. */
const visible = (name: string): string => (/\p{Cc}/u.test(name) ? printable(JSON.stringify(name)) : name)
