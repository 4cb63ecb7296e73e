import { profiler as defaultProfiler, show, type Profiler } from '../../src/kit.ts'

/**
 * The profiler that an adapter's options name, or the default one.
 * @param call as error messages show it: `wrapOpenAI(client, options)`
 * @throws TypeError when the options are no object, or their profiler is none
 */
export function profilerOf(call: string, options: { readonly profiler?: Profiler }): Profiler {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${call}: options must be an object, got ${show(options)}`)
  const { profiler = defaultProfiler } = options
  if (typeof profiler?.open !== 'function') throw new TypeError(`${call}: options.profiler must be a Profiler, got ${show(profiler)}`)
  return profiler
}
