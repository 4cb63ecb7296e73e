import type { ClientRow } from './clients.ts'

/** The function of this process that is told of each class, on a global symbol: modules find it that know nothing of us. */
export const SEEN = 'spanwise.register.v1'

/**
 * What is added to an ES module so that it tells of its class: one line behind its last, where it moves no other line and no column. A
 * name that is not there, or a process without us, makes it do nothing.
 */
export function esmTail({ name, exported, isReplaced }: ClientRow): string {
  const tell = `globalThis[Symbol.for(${JSON.stringify(SEEN)})]?.(${JSON.stringify(name)},${exported})`
  return `\n;if(typeof ${exported}=="function")try{${isReplaced ? `${exported}=${tell}??${exported}` : tell}}catch{}\n`
}

/** The same for a CommonJS module. */
function cjsTail({ name, exported, isReplaced }: ClientRow): string {
  const member = `module.exports.${exported}`
  const tell = `globalThis[Symbol.for(${JSON.stringify(SEEN)})]?.(${JSON.stringify(name)},${member})`
  return `\n;if(typeof ${member}=="function")try{${isReplaced ? `${member}=${tell}??${member}` : tell}}catch{}\n`
}

/** A module as a `load` hook gives it on. */
export interface LoadedModule {
  readonly format?: string | null | undefined
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null | undefined
}

/**
 * A module with the line behind it. A CommonJS module comes to a `load` hook when another loader gave the source of what requires it, as
 * those for TypeScript do: nobody compiles it then where we could look on, and it may have no source yet.
 * @param read reads its file
 */
export function withTail<T extends LoadedModule>(row: ClientRow | undefined, module: T, read: () => string): T {
  const { format, source } = module
  if (row === undefined) return module
  if (format === 'module' && source !== null && source !== undefined) return { ...module, source: textOf(source) + esmTail(row) }
  return format === 'commonjs' ? { ...module, source: textOf(source ?? read()) + cjsTail(row) } : module
}

const textOf = (source: NonNullable<LoadedModule['source']>): string => (typeof source === 'string' ? source : new TextDecoder().decode(source))
