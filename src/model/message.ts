import { hex8 } from './hex.ts'

/** The normal form of what goes into and comes out of a model. */

export type PartKind =
  | 'system'
  /** A tool's definition: name, description, schema. */
  | 'tool-definition'
  | 'user'
  | 'assistant'
  /** A tool call inside an assistant message. */
  | 'tool-call'
  | 'tool-result'
  /** Reasoning or thinking text. */
  | 'reasoning'
  /** Anything the normal form does not know. */
  | 'other'

/** One part of a request or an answer, kept once per run. */
export interface Part {
  readonly kind: PartKind
  /** 16 hex digits over kind, name and text; equal parts have equal hashes in every run. */
  readonly hash: string
  /** Length of the text in UTF-16 code units; of images and files, the length of what was sent. */
  readonly chars: number
  /** Name of the tool that is defined, called or answering. */
  readonly name?: string
  /** Ties a tool call to its result. */
  readonly callId?: string
  /** What is not text: `image`, `audio`, `file`. */
  readonly media?: string
  /** Only with `content: 'full'`. */
  readonly text?: string
}

/**
 * A 53-bit hash of a text as 14 hex digits, prefixed by two of its length: fast, stable across machines and versions,
 * not cryptographic. Two lanes of 32 bits, after Bryc's cyrb53 (public domain).
 */
export function hashText(text: string, seed = 0): string {
  const hash = new TextHash(seed)
  hash.add(text, 0, text.length)
  return hash.digest()
}

/** The same in steps: a text of millions of characters takes longer than an event loop may be held. */
export class TextHash {
  #a: number
  #b: number

  constructor(seed: number) {
    this.#a = 0xdeadbeef ^ seed
    this.#b = 0x41c6ce57 ^ seed
  }

  add(text: string, from: number, to: number): void {
    let a = this.#a
    let b = this.#b
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    this.#a = a
    this.#b = b
  }

  digest(): string {
    let a = this.#a
    let b = this.#b
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    return hex8(b) + hex8(a)
  }
}

/** The hash of a part with that text: over its kind, name and call id too. */
export const hashPart = (part: Hashed): string => hashText(part.text, hashSeed(part))

export function hashSeed({ kind, name, callId }: Omit<Hashed, 'text'>): number {
  const label = `${kind}\n${name ?? ''}\n${callId ?? ''}`
  let seed = label.length
  for (let i = 0; i < label.length; i++) seed = Math.imul(seed ^ label.charCodeAt(i), 16777619)
  return seed
}

interface Hashed {
  readonly kind: PartKind
  readonly text: string
  readonly name?: string | undefined
  readonly callId?: string | undefined
}
