import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The root of the package: it stands some folders above this module, in the sources and in the bundle. */
function packageRoot(): URL | undefined {
  for (const up of ['..', '../..', '../../..']) {
    try {
      const { name } = JSON.parse(readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8')) as Record<string, unknown>
      if (name === 'spanwise') return new URL(`${up}/`, import.meta.url)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    }
  }
  return undefined
}

/** The path of a file of the package; undefined when it is not there. */
export function packagePath(path: string): string | undefined {
  const root = packageRoot()
  const file = root && fileURLToPath(new URL(path, root))
  return file !== undefined && existsSync(file) ? file : undefined
}

/** @throws Error when the package has no such file */
export function packageFile(path: string): string {
  const file = packagePath(path)
  if (file === undefined) throw new Error(`the package has no ${path}`)
  return readFileSync(file, 'utf8')
}

export const version = (): string => String((JSON.parse(packageFile('package.json')) as Record<string, unknown>)['version'])
