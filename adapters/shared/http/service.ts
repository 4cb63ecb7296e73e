import { createHash, timingSafeEqual } from 'node:crypto'
import { parseTraceparent, type SpanRecord } from '../../../src/kit.ts'
import type { Trace } from '../../../src/model/span.ts'
import { Kept } from './kept.ts'
import { readSettings, type HttpOptions, type Settings } from './options.ts'
import { RequestRun, type Ending, type RequestFacts } from './request-run.ts'
import { COLLECT_HEADER, inlineSpans, laterSpans, PROFILE_HEADER, SPANS_WANTED } from './spans-header.ts'
import { parametersOf } from './target.ts'

/** What a request asks of us; undefined is the normal case. */
export type Wish =
  | { readonly kind: 'profile' | 'spans' }
  | { readonly kind: 'original' | 'collect'; readonly id: string }

/** A header of the request, by its name in lower case. */
export type HeaderOf = (name: string) => string | string[] | null | undefined

const SECRET_HEADER = 'spanwise-secret'

/** Reports that are being made at a time, each with its response in memory. What is asked beyond that is served as it is. */
const MAX_HELD = 8
/** Of a response that a report is given in place of. */
export const MAX_ORIGINAL_BYTES = 8_000_000
const ORIGINALS = { maxEntries: 32, maxBytes: 32_000_000, lifetimeMs: 5 * 60_000 }
const PENDING = { maxEntries: 128, maxBytes: 128, lifetimeMs: 60_000 }
/** How long a request for spans waits for the end of their run. */
const COLLECT_WAIT_MS = 10_000

/** A run whose spans its caller will come for. */
interface Pending {
  readonly ended: Promise<Trace | undefined>
}

export type Collected = { readonly status: 200; readonly trace: Trace } | { readonly status: 404 | 503 }

/**
 * What the adapters of all frameworks do with requests: who may ask for what, which ones are recorded, where it goes.
 * @typeParam Asked the framework's request @typeParam Original a response that can be given later
 */
export class HttpService<Asked, Original> {
  readonly settings: Settings<Asked>
  readonly originals: Kept<Original> = new Kept(ORIGINALS)
  readonly #pending = new Kept<Pending>(PENDING)
  readonly #log: Promise<((trace: Trace) => void) | undefined> | undefined
  #held = 0

  constructor(options: HttpOptions<Asked>) {
    this.settings = readSettings(options)
    const { enabled, logger, prices } = this.settings
    if (!enabled || logger === undefined) return
    // Loaded only where it is used, and not awaited: the first request has to be served before it.
    this.#log = import('../../../src/run-log.ts').then(({ runWriter }) => runWriter(logger, { prices }))
      .catch((error: unknown) => void this.noteError(error))
  }

  get isEnabled(): boolean {
    return this.settings.enabled
  }

  noteError(error: unknown): void {
    this.settings.profiler.noteError(error)
  }

  /** False for a request that went through another one of these middlewares: it is one run. */
  isFirst(request: object): boolean {
    if (everSeen.has(request)) return false
    everSeen.add(request)
    return true
  }

  wish(method: string, target: string, header: HeaderOf): Wish | undefined {
    if (!this.settings.canAsk) return undefined
    const collect = header(COLLECT_HEADER)
    if (typeof collect === 'string' && collect !== '' && method === 'GET') return { kind: 'collect', id: collect }
    const { wantsProfile, originalId } = parametersOf(target)
    if (originalId !== undefined && (method === 'GET' || method === 'HEAD')) return { kind: 'original', id: originalId }
    if (wantsProfile) return { kind: 'profile' }
    return header(PROFILE_HEADER) === SPANS_WANTED ? { kind: 'spans' } : undefined
  }

  /** Whether somebody may have what he asks for. Fails closed. */
  admits(request: Asked, header: HeaderOf): boolean | Promise<boolean> {
    const { allow, secret } = this.settings
    if (secret !== undefined && !isSame(header(SECRET_HEADER), secret)) return false
    if (allow === undefined) return true
    try {
      const allowed: unknown = allow(request)
      if (!isThenable(allowed)) return allowed === true
      return Promise.resolve(allowed).then((one) => one === true, (error: unknown) => this.#refused(error))
    } catch (error) {
      return this.#refused(error)
    }
  }

  #refused(error: unknown): false {
    this.noteError(error)
    return false
  }

  /** @param isAsked somebody wants to see it: no dice are thrown @returns undefined when it is not recorded */
  begin(facts: RequestFacts, header: HeaderOf, isAsked: boolean, route?: string): RequestRun | undefined {
    const { profiler, sampleRate, maxDepth } = this.settings
    try {
      const span: SpanRecord | undefined = profiler.open(`${facts.method} ${route ?? facts.path}`, 'internal', {
        isRun: true, sample: isAsked || sampleRate, maxDepth, remote: parseTraceparent(header('traceparent')),
      })
      return span && new RequestRun(profiler, span, facts)
    } catch (error) {
      this.noteError(error)
      return undefined
    }
  }

  /** A request that nobody sees is under way. @returns what to call when it is over; more than once does no harm */
  pass(): () => void {
    return this.settings.profiler.pass()
  }

  /** Ends the run of a request of the background, and writes its line. */
  ended(run: RequestRun, ending: Ending): void {
    try {
      const trace = run.end(ending)
      if (trace === undefined || this.#log === undefined) return
      void this.#log.then((write) => write?.(trace)).catch((error: unknown) => this.noteError(error))
    } catch (error) {
      this.noteError(error)
    }
  }

  /** @returns what to call when the report is out; undefined: too many are being made */
  hold(): (() => void) | undefined {
    if (this.#held >= MAX_HELD) return undefined
    this.#held++
    let isOver = false
    return () => {
      if (!isOver) this.#held--
      isOver = true
    }
  }

  /** Ends the run of a request whose response goes out whole. @returns the header with its spans */
  spansOf(run: RequestRun, ending: Ending): string {
    const trace = run.end(ending)
    const inline = trace && inlineSpans(trace)
    return inline ?? laterSpans(this.#pending.put({ ended: Promise.resolve(trace) }, 1)!)
  }

  /** The spans of a run that goes on. @returns the header, and what to call with the ending */
  spansLater(run: RequestRun): { readonly header: string; readonly ended: (ending: Ending) => void } {
    let resolve: (trace: Trace | undefined) => void = () => {}
    const id = this.#pending.put({ ended: new Promise((done) => (resolve = done)) }, 1, true)!
    return {
      header: laterSpans(id),
      ended: (ending) => {
        const trace = run.end(ending)
        if (trace === undefined) return
        resolve(trace)
        this.#pending.renew(id)
      },
    }
  }

  /** Waits for the end of the run. Its spans are given once. */
  async collect(id: string): Promise<Collected> {
    const pending = this.#pending.get(id)
    if (pending === undefined) return { status: 404 }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), COLLECT_WAIT_MS).unref()))
    const trace = await Promise.race([pending.ended, late])
    clearTimeout(timer)
    if (trace === 'late') return { status: 503 }
    return this.#pending.take(id) === undefined || trace === undefined ? { status: 404 } : { status: 200, trace }
  }
}

/** By the framework's own object, which no two requests share. */
const everSeen = new WeakSet<object>()

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

/** Compared in a time that says nothing about the secret. */
const isSame = (given: unknown, secret: string): boolean => timingSafeEqual(digest(typeof given === 'string' ? given : ''), digest(secret))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
