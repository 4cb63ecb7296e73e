import { readFileSync } from 'node:fs'

/**
 * A file of the package: its root stands some folders above this module, in the sources and in the bundle.
 * @throws Error when it is not there
 */
export function packageFile(path: string): string {
  for (const up of ['..', '../..', '../../..']) {
    try {
      const { name } = JSON.parse(readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8')) as Record<string, unknown>
      if (name === 'spanwise') return readFileSync(new URL(`${up}/${path}`, import.meta.url), 'utf8')
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`the package has no ${path}`)
}

export const version = (): string => String((JSON.parse(packageFile('package.json')) as Record<string, unknown>)['version'])
