import { readFileSync } from 'node:fs'

/** The package's version; its package.json stands some folders above this file, in the sources and in the bundle. */
export function version(): string {
  for (const up of ['..', '../..', '../../..']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8')) as Record<string, unknown>
      if (name === 'spanwise') return String(version)
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown'
}
