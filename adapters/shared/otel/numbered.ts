import type { AttributeMap } from './values.ts'

const MAX_STEPS = 12

type Tree = Map<string, Tree | { readonly value: unknown }>

/** The attribute `key`, or what the attributes numbered below it (`key.0.role`, `key.0.content`) tell together. */
export function messageAt(attributes: AttributeMap, key: string): unknown {
  const whole = attributes.get(key)
  if (whole !== undefined) return whole
  const prefix = `${key}.`
  let tree: Tree | undefined
  for (const [name, value] of attributes) {
    if (!name.startsWith(prefix) || !/^\d/.test(name.slice(prefix.length))) continue
    plant((tree ??= new Map()), name.slice(prefix.length).split('.', MAX_STEPS), value)
  }
  return tree === undefined ? undefined : plain(tree)
}

function plant(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree
  path.forEach((step, i) => {
    if (i === path.length - 1) {
      if (!at.has(step)) at.set(step, { value })
      return
    }
    const next = at.get(step)
    const branch: Tree = next instanceof Map ? next : new Map()
    if (branch !== next) at.set(step, branch)
    at = branch
  })
}

function plain(tree: Tree): unknown {
  const entries = [...tree].map(([key, one]) => [key, one instanceof Map ? plain(one) : one.value] as const)
  const isList = entries.every(([key]) => /^\d{1,6}$/.test(key))
  return isList ? entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value) : Object.fromEntries(entries)
}
