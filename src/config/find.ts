import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const NAMES = ['spanwise.config.ts', 'spanwise.config.js', 'spanwise.config.mjs', 'spanwise.config.json']

/**
 * The configuration file of a folder: its own, or that of a folder above, up to the nearest with a package.json and no further. Code in
 * folders of others, such as those above a temporary one, is nobody's configuration.
 * @param named what `SPANWISE_CONFIG` says: the path of a file, or `0` for none
 * @returns its path, which need not exist when it was named; undefined when there is none
 */
export function findConfig(cwd: string, named: string = ''): string | undefined {
  const name = named.trim()
  if (name !== '') return /^(0|false|off|no)$/i.test(name) ? undefined : resolve(cwd, name)
  const folders = foldersOfPackage(cwd)
  for (const folder of folders) {
    const file = NAMES.map((one) => join(folder, one)).find((path) => existsSync(path))
    if (file !== undefined) return file
  }
  return undefined
}

/** From `cwd` up to the folder of its package.json; `cwd` alone when there is none. */
function foldersOfPackage(cwd: string): readonly string[] {
  const folders: string[] = []
  for (let folder = resolve(cwd), above = ''; folder !== above; folder = dirname(folder)) {
    folders.push(folder)
    if (existsSync(join(folder, 'package.json'))) return folders
    above = folder
  }
  return folders.slice(0, 1)
}
