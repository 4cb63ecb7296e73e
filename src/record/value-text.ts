/**
 * A value as text, for recording what a tool got and gave: a text is itself, anything else is written as JSON would be.
 * Bounded in length and depth whatever the value is, and never throws: what cannot be read is named instead.
 */
export function valueText(value: unknown, maxChars: number): string {
  if (typeof value === 'string') return value.length <= maxChars ? value : `${value.slice(0, maxChars - 1)}…`
  const writer = new Writer(maxChars)
  try {
    writer.write(value, 0)
  } catch {
    writer.put('[unreadable]')
  }
  return writer.text
}

const MAX_DEPTH = 32

class Writer {
  text = ''
  readonly #max: number
  readonly #above: object[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** @returns false when the text is full */
  put(piece: string): boolean {
    if (this.text.length + piece.length < this.#max) {
      this.text += piece
      return true
    }
    if (!this.text.endsWith('…')) this.text = `${(this.text + piece.slice(0, this.#max)).slice(0, this.#max - 1)}…`
    return false
  }

  write(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string': return this.put(JSON.stringify(value.length > this.#max ? value.slice(0, this.#max) : value))
      case 'object': return value === null ? this.put('null') : this.#object(value, depth)
      case 'number':
      case 'boolean': return this.put(String(value))
      case 'undefined': return this.put('null')
      case 'bigint': return this.put(`${value}n`)
      default: return this.put(`[${typeof value}]`)
    }
  }

  #object(value: object, depth: number): boolean {
    if (this.#above.includes(value)) return this.put('[circular]')
    if (depth >= MAX_DEPTH) return this.put('[deeper]')
    if (ArrayBuffer.isView(value)) return this.put(`[${value.byteLength} bytes]`)
    if (value instanceof Date) return this.put(JSON.stringify(value) ?? 'null')
    if (value instanceof Error) return this.put(JSON.stringify(`${value.name}: ${value.message}`))
    if (isOpaque(value)) return this.put(`[unseen ${value.constructor?.name ?? 'object'}]`)
    this.#above.push(value)
    const isOpen = Array.isArray(value) ? this.#items(value, depth) : this.#fields(value, depth)
    this.#above.pop()
    return isOpen
  }

  #items(items: readonly unknown[], depth: number): boolean {
    if (!this.put('[')) return false
    for (let i = 0; i < items.length; i++) {
      if (i > 0 && !this.put(',')) return false
      if (!this.write(items[i], depth + 1)) return false
    }
    return this.put(']')
  }

  #fields(fields: object, depth: number): boolean {
    if (!this.put('{')) return false
    let isFirst = true
    for (const key in fields) {
      const value = (fields as Record<string, unknown>)[key]
      if (value === undefined || typeof value === 'function') continue
      if (!this.put(`${isFirst ? '' : ','}${JSON.stringify(key)}:`) || !this.write(value, depth + 1)) return false
      isFirst = false
    }
    return this.put('}')
  }
}

/** A Map, a Set, a Response: what they hold is in no field of theirs. */
function isOpaque(value: object): boolean {
  if (Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return false
  for (const _key in value) return false
  return true
}
