/**
 * Tokens of an image by its provider's published rule (read in November 2026), from the measures in its first bytes. What the
 * recording holds of an image is its base64, with or without `data:`; a URL tells nothing.
 *
 * - Claude: width × height ÷ 750, scaled down to 1,568 pixels at the longer side;
 * - GPT-4o and GPT-4.1: 85, and 170 for each tile of 512 pixels after scaling the shorter side down to 768;
 * - GPT-5, o3 and o4: patches of 32 pixels, at most 1,536;
 * - Gemini: 258 for each tile of 768 pixels.
 * @returns undefined when the measures or the rule are not known
 */
export function imageTokens(sent: string, model: string): number | undefined {
  const size = measures(headOf(sent))
  if (size === undefined) return undefined
  const [width, height] = size
  if (/claude/i.test(model)) {
    const scale = Math.min(1, 1_568 / Math.max(width, height))
    return Math.ceil((width * scale * height * scale) / 750)
  }
  if (/gemini/i.test(model)) return width <= 384 && height <= 384 ? 258 : tiles(width, height, 768) * 258
  if (/gpt-4o(?!-mini)|gpt-4\.[15](?!-(mini|nano))/i.test(model)) {
    const fit = Math.min(1, 2_048 / Math.max(width, height))
    const scale = fit * Math.min(1, 768 / (Math.min(width, height) * fit))
    return 85 + 170 * tiles(width * scale, height * scale, 512)
  }
  if (/gpt-5|\bo[34]\b/i.test(model)) return Math.min(1_536, tiles(width, height, 32))
  return undefined
}

const tiles = (width: number, height: number, side: number): number => Math.ceil(width / side) * Math.ceil(height / side)

/** Enough for the frame header of most JPEGs, which comes after previews and colour profiles. */
const HEAD_CHARS = 64_000

function headOf(sent: string): Uint8Array {
  const base64 = sent.slice(0, HEAD_CHARS).replace(/^data:[^,]*,/, '')
  const whole = base64.slice(0, base64.length - (base64.length % 4))
  if (!/^(iVBOR|\/9j\/)/.test(whole)) return new Uint8Array()
  try {
    return Uint8Array.from(atob(whole), (char) => char.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}

function measures(bytes: Uint8Array): readonly [number, number] | undefined {
  const at16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  if (bytes.length >= 24 && bytes[0] === 0x89) return plausible(at16(18), at16(22))
  // A JPEG is a row of segments with their lengths; the frame header (SOF) holds the measures.
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + at16(at + 2)) {
    const marker = bytes[at + 1]!
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return plausible(at16(at + 7), at16(at + 5))
  }
  return undefined
}

const plausible = (width: number, height: number): readonly [number, number] | undefined =>
  width > 0 && height > 0 ? [width, height] : undefined
