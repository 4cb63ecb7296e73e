import { profiler as defaultProfiler, show } from '../../src/kit.ts'
import { watchAttempts } from './attempts.ts'
import type { WrapOptions } from './endpoint.ts'
import { letGo, Patches, wrapped } from './patches.ts'
import { endpointTable, hasTransportOfItsOwn, recordPost, type SdkAdapter, type SdkClient, type Watch } from './sdk-client.ts'

/**
 * Recording for every client of a class, its subclasses and those that `withOptions` derives, for programs that nobody changes. A look-out
 * stands in front of the prototype's `post`; a client is touched when it first posts, at its `fetch`. So it is made as ever, and what a
 * subclass does around `super.post` is done once. A client that somebody wraps by hand is recorded by that, once.
 *
 * Both functions give back the way to undo them, and throw a TypeError when they are not given such a class.
 */
export function watchClass(adapter: SdkAdapter, Class: unknown, options: WrapOptions = {}): () => void {
  const { prototype } = classOf(adapter, Class)
  const { post } = prototype as SdkClient
  if (typeof post !== 'function') throw new TypeError(`${adapter.name}: expected a class of clients with post(), got ${show(Class)}`)
  const { profiler = defaultProfiler } = options
  const endpointOf = endpointTable(adapter)
  const watches = new WeakMap<object, Watch>()
  const watchOf = (client: SdkClient): Watch | undefined => {
    if (!profiler.enabled || wrapped.has(client) || letGo.has(client)) return undefined
    let watch = watches.get(client)
    if (watch === undefined) watches.set(client, (watch = watchOne(adapter, client, { ...options, profiler })))
    return watch
  }
  const watching = {
    post(this: SdkClient, path: string, opts?: unknown): unknown {
      let watch: Watch | undefined
      try {
        watch = watchOf(this)
      } catch (error) {
        profiler.noteError(error)
      }
      return watch === undefined ? post.call(this, path, opts) : recordPost(watch, endpointOf, path, opts, (sent) => post.call(this, path, sent))
    },
  }
  return patched(prototype, 'post', watching.post)
}

function watchOne(adapter: SdkAdapter, client: SdkClient, options: Watch['options'] & Pick<Watch, 'profiler'>): Watch {
  const patches = new Patches()
  const linksAttempts = typeof client.fetch === 'function' && !hasTransportOfItsOwn(client) && patches.set(client, 'fetch', watchAttempts(client.fetch))
  return { adapter, options, patches, linksAttempts, profiler: options.profiler, provider: options.provider ?? adapter.providerOf(client) }
}

/**
 * A class whose instances are handed to `wrap` once they are made, for clients whose methods are members of each one. It is the class in all
 * that can be told of it: `instanceof`, `new.target`, `constructor`, static members.
 */
export function watchConstructor<T>(adapter: Pick<SdkAdapter, 'name'>, Class: T, wrap: (client: object) => unknown): T {
  const original = classOf(adapter, Class)
  const watching: typeof original = new Proxy(original, {
    construct(target, args, newTarget) {
      const client = Reflect.construct(target, args, newTarget) as object
      try {
        wrap(client)
      } catch (error) {
        defaultProfiler.noteError(error)
      }
      return client
    },
  })
  patched(original.prototype, 'constructor', watching)
  return watching as T
}

type ClientClass = (new (...args: never[]) => object) & { readonly prototype: object }

function classOf({ name }: Pick<SdkAdapter, 'name'>, Class: unknown): ClientClass {
  if (typeof Class !== 'function' || typeof Class.prototype !== 'object') throw new TypeError(`${name}: expected a class of clients, got ${show(Class)}`)
  return Class as ClientClass
}

function patched(target: object, name: string, value: unknown): () => void {
  const patches = new Patches()
  patches.set(target, name, value)
  return () => patches.undo()
}
