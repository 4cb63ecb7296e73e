const MAX_CHARS = 80

/**
 * A value as an error message shows it: short, and never throws. The texts inside an object are left out, because one may
 * be a secret; of an object with a class, such as a client, only the names of its fields are shown.
 */
export function show(value: unknown): string {
  if (typeof value === 'string') return clipped(JSON.stringify(value))
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (value === null || typeof value !== 'object') return String(value)
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (Array.isArray(value) || prototype === null || prototype === Object.prototype) return clipped(JSON.stringify(value, withoutTexts))
    return `${value.constructor?.name ?? 'object'} with ${Object.keys(value).slice(0, 5).join(', ') || 'no fields'}`
  } catch {
    return 'an object that cannot be shown'
  }
}

const withoutTexts = (_key: string, value: unknown): unknown => (typeof value === 'string' ? '…' : value)
const clipped = (text: string): string => (text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS - 1)}…`)
