/** What bounds the memory that input takes. Tests give smaller ones. */
export interface Limits {
  /** Of a file that is read as one text, unpacked. Run files of ours are read line by line and need no such limit. */
  readonly textBytes: number
  /** Of a packed run file, unpacked. */
  readonly unpackedBytes: number
  /** Of one line of a run file. */
  readonly lineBytes: number
  /** Of lists and objects in each other, in a file that is read as one text. */
  readonly levels: number
  /** Of values in a file that is read as one text: each takes many times the memory of its text. */
  readonly values: number
  /** Of all files that are read for one command, packed ones as they may unpack: more is read with more room. */
  readonly crampedBytes: number
}

export const LIMITS: Limits = {
  // What a string of V8 can hold.
  textBytes: 512 * 1024 * 1024 - 64,
  unpackedBytes: 8 * 1024 * 1024 * 1024,
  // The longest that the decoder takes for a record.
  lineBytes: 64_000_000,
  levels: 2_000_000,
  values: 40_000_000,
  crampedBytes: 48 * 1024 * 1024,
}

/** `512 MB` */
export const sizeText = (bytes: number): string => (bytes < 1024 * 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024 / 1024)} MB`)
