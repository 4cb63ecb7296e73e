/** A reader of pprof profiles that shares nothing with the writer. */
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

type Field = bigint | Uint8Array

export function readPprof(bytes: Uint8Array): Profile {
  const profile = readMessage(bytes)
  const strings = all(profile, 6).map((text) => new TextDecoder('utf-8', { fatal: true }).decode(asBytes(text)))
  const stringAt = (index: bigint): string => {
    const text = strings[Number(index)]
    if (text === undefined) throw new Error(`no string ${index}`)
    return text
  }
  const functions = new Map(all(profile, 5).map((one) => {
    const message = readMessage(asBytes(one))
    return [number(message, 1), `${stringAt(number(message, 2))} [${stringAt(number(message, 4))}]`]
  }))
  const locations = new Map(all(profile, 4).map((one) => {
    const message = readMessage(asBytes(one))
    const line = readMessage(asBytes(all(message, 4)[0]!))
    return [number(message, 1), functions.get(number(line, 1))!]
  }))
  return {
    sampleTypes: all(profile, 1).map((one) => {
      const message = readMessage(asBytes(one))
      return `${stringAt(number(message, 1))}/${stringAt(number(message, 2))}`
    }),
    samples: all(profile, 2).map((one) => {
      const message = readMessage(asBytes(one))
      const stack = packed(message, 1).map((id) => {
        const name = locations.get(id)
        if (name === undefined) throw new Error(`no location ${id}`)
        return name
      })
      return { stack: stack.reverse(), values: packed(message, 2) }
    }),
    strings,
    locationIds: [...locations.keys()],
    timeNanos: number(profile, 9),
    durationNanos: number(profile, 10),
    defaultSampleType: stringAt(number(profile, 14)),
    comments: all(profile, 13).map((index) => stringAt(index as bigint)),
  }
}

/** The profile as text, for a golden: `root;child wall tokens cost`. */
export function pprofText({ sampleTypes, samples, timeNanos, durationNanos, defaultSampleType, comments }: Profile): string {
  return [
    ...comments.map((comment) => `comment ${comment}`),
    `time ${timeNanos} ns`,
    `duration ${durationNanos} ns`,
    `types ${sampleTypes.join(' ')}, first ${defaultSampleType}`,
    '',
    ...samples.map(({ stack, values }) => `${stack.join('; ')}  ${values.join(' ')}`),
  ].join('\n')
}

function readMessage(bytes: Uint8Array): Map<number, Field[]> {
  const fields = new Map<number, Field[]>()
  const at = { offset: 0 }
  while (at.offset < bytes.length) {
    const key = Number(varint(bytes, at))
    const type = key % 8
    if (type !== 0 && type !== 2) throw new Error(`unexpected wire type ${type}`)
    const value = type === 0 ? varint(bytes, at) : slice(bytes, at)
    fields.set(Math.floor(key / 8), [...(fields.get(Math.floor(key / 8)) ?? []), value])
  }
  return fields
}

function slice(bytes: Uint8Array, at: { offset: number }): Uint8Array {
  const length = Number(varint(bytes, at))
  if (at.offset + length > bytes.length) throw new Error('a field is longer than its message')
  at.offset += length
  return bytes.subarray(at.offset - length, at.offset)
}

function varint(bytes: Uint8Array, at: { offset: number }): bigint {
  let value = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at.offset++]
    if (byte === undefined || shift > 63n) throw new Error('a number does not end')
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return value
  }
}

const all = (message: Map<number, Field[]>, field: number): readonly Field[] => message.get(field) ?? []
const number = (message: Map<number, Field[]>, field: number): bigint => (all(message, field)[0] as bigint | undefined) ?? 0n

function asBytes(field: Field): Uint8Array {
  if (typeof field === 'bigint') throw new Error('expected bytes, got a number')
  return field
}

function packed(message: Map<number, Field[]>, field: number): bigint[] {
  return all(message, field).flatMap((one) => {
    const bytes = asBytes(one)
    const at = { offset: 0 }
    const values: bigint[] = []
    while (at.offset < bytes.length) values.push(varint(bytes, at))
    return values
  })
}
