const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The low 32 bits of a number as eight hex digits: several times as fast as the language's own way past 2^31. */
export const hex8 = (value: number): string =>
  BYTES[value >>> 24]! + BYTES[(value >>> 16) & 255]! + BYTES[(value >>> 8) & 255]! + BYTES[value & 255]!

export const hex2 = (byte: number): string => BYTES[byte & 255]!
