/** Deeper data is no trace: what walks it may recurse. */
export const MAX_JSON_DEPTH = 128

/** @returns undefined when the text is not JSON, or nested too deeply */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isShallow(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isShallow(root: unknown): boolean {
  const left: { readonly value: object; readonly depth: number }[] = []
  const see = (value: unknown, depth: number): boolean => {
    if (typeof value === 'object' && value !== null) left.push({ value, depth })
    return depth <= MAX_JSON_DEPTH
  }
  see(root, 0)
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    for (const value of Object.values(one.value)) if (!see(value, one.depth + 1)) return false
  }
  return true
}
