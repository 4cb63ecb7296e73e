import type { Case, Kit, WrapSettings } from './suite.ts'

/** Recording by the class, as `spanwise/register` does it, in the place of recording one client. */
export function byClass<Sdk, Client extends object, Options>(
  kit: Kit<Sdk, Client, Options>, watch: (sdk: Sdk, settings: WrapSettings) => () => void,
): Kit<Sdk, Client, Options> {
  let newest: Sdk
  let undo = (): void => {}
  return {
    ...kit,
    newClient(sdk, server, options) {
      undo()
      newest = sdk
      return kit.newClient(sdk, server, options)
    },
    wrap(client, settings) {
      undo()
      undo = watch(newest, settings)
      return client
    },
    // What was touched of the class is taken back before somebody looks.
    prototypes(sdk) {
      undo()
      return kit.prototypes(sdk)
    },
  }
}

/** What a case comes to when the class is watched: another recording, or nothing at all, for a reason. */
export type Otherwise = Readonly<Record<string, { readonly recorded: string } | { readonly skip: string }>>

/** @throws when a case that is to come to something else is not there any more */
export function forClasses<One extends Case<Sdk, Client, Options>, Sdk, Client extends object, Options>(
  cases: readonly One[], versions: readonly string[], otherwise: Otherwise,
): readonly One[] {
  const gone = Object.keys(otherwise).filter((name) => !cases.some((one) => one.name === name))
  if (gone.length > 0) throw new Error(`there is no case named ${gone.join(', ')}`)
  return cases.map((one) => {
    const other = otherwise[one.name]
    if (other === undefined) return one
    return 'skip' in other ? { ...one, skip: Object.fromEntries(versions.map((version) => [version, other.skip])) } : { ...one, recorded: other.recorded }
  })
}
