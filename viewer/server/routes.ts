import type { ApiError, CompareRequest, RunSelection, ServerInfo } from '../api.ts'
import type { Analyst } from './analyst.ts'
import { readBody } from './body.ts'
import type { Events } from './events.ts'
import { bears } from './guard.ts'
import { HttpError, send, sendJson, type Asked } from './http.ts'
import type { RunFile, RunRef } from './jobs.ts'
import { queryValues, readQuery, type QueryValues, type ReadQuery } from './query.ts'
import { absolute, liesBelow } from './scan.ts'
import { statisticsOf } from './statistics.ts'
import type { Store } from './store.ts'

export interface RoutesOptions {
  readonly token: string
  readonly folder: string
  readonly version: string
  readonly store: Store
  readonly analyst: Analyst
  readonly events: Events
  readonly nowEpochMs: () => number
  readonly info: () => ServerInfo
}

/** Of a comparison. */
const MAX_BODY_BYTES = 1_000_000
const MAX_COMPARED = 500

/** What the page asks for, as viewer/api.ts has it. */
export class Routes {
  readonly #options: RoutesOptions
  #page: { readonly html: string; readonly policy: string } | undefined

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  async answer(asked: Asked): Promise<void> {
    const { path, request: { method = '' } } = asked
    if (path === '/') {
      if (method !== 'GET' && method !== 'HEAD') throw new HttpError(405, 'the page is only read')
      return await this.#sendPage(asked)
    }
    if (!path.startsWith('/api/')) throw new HttpError(404, 'there is nothing here')
    if (!bears(asked.request, this.#options.token)) throw new HttpError(401, 'the token of this launch is missing: open the link that was printed')
    const [name, key, what, ...more] = path.slice('/api/'.length).split('/') as [string, ...string[]]
    if (more.length > 0) throw new HttpError(404, 'there is nothing here')
    if (name === 'runs' && key !== undefined) return await this.#run(asked, key, what)
    if (key !== undefined) throw new HttpError(404, 'there is nothing here')
    await this.#named(asked, name)
  }

  async #sendPage(asked: Asked): Promise<void> {
    if (this.#page === undefined) {
      const { pageHtml, policy } = await import('../page.ts')
      this.#page = { html: pageHtml({ title: 'Spanwise' }), policy: `${policy(true)}; frame-ancestors 'none'` }
    }
    send(asked, 200, 'text/html; charset=utf-8', this.#page.html, { 'Content-Security-Policy': this.#page.policy })
  }

  async #named(asked: Asked, name: string): Promise<void> {
    const { store: { table }, events, info, nowEpochMs } = this.#options
    switch (name) {
      case 'info': return only('GET', asked), sendJson(asked, info())
      case 'runs': return only('GET', asked), sendJson(asked, table.list(queryOf(queryValues(asked.query)), nowEpochMs()))
      case 'statistics': return only('GET', asked), sendJson(asked, statisticsOf(table.select(queryOf(queryValues(asked.query)), nowEpochMs()), table))
      case 'events': return only('GET', asked, false), events.open(asked)
      case 'compare': return only('POST', asked), await this.#compare(asked)
      default: throw new HttpError(404, 'there is nothing here')
    }
  }

  async #run(asked: Asked, key: string, what: string | undefined): Promise<void> {
    const { store, analyst, version } = this.#options
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(key)) throw new HttpError(400, 'this is no key of a run')
    const stored = store.table.get(key, this.#options.nowEpochMs())
    if (stored === undefined) throw new HttpError(404, 'there is no such run')
    if (what === undefined) {
      only('DELETE', asked)
      await store.remove(key)
      return send(asked, 204, undefined)
    }
    only('GET', asked)
    if (stored.traceId === '') throw new HttpError(409, 'nothing of this run can be read')
    const run = await this.#refOf(stored.traceId, stored.file.path)
    switch (what) {
      case 'document': return send(asked, 200, 'application/gzip', await analyst.do({ do: 'document', run }))
      case 'share': return sendFile(asked, await analyst.do({ do: 'share', run }))
      case 'export': {
        const format = asked.query.get('format') ?? ''
        if (!this.#options.info().formats.some((one) => one.name === format)) throw new HttpError(400, 'there is no such format')
        return sendFile(asked, await analyst.do({ do: 'export', run, format, version }))
      }
      default: throw new HttpError(404, 'there is nothing here')
    }
  }

  /** Since it was seen a folder on the way to it may have become a link to anywhere. */
  async #refOf(traceId: string, path: string): Promise<RunRef> {
    if (!(await liesBelow(this.#options.folder, path))) throw new HttpError(404, 'the file of the run is gone')
    return { path: absolute(this.#options.folder, path), traceId }
  }

  async #compare(asked: Asked): Promise<void> {
    if (!/^application\/json\b/i.test(asked.request.headers['content-type'] ?? '')) throw new HttpError(415, 'the body must be application/json')
    const said = parsed(await readBody(asked.request, MAX_BODY_BYTES)) as Partial<CompareRequest> | null
    const [base, next] = [await this.#selected('base', said?.base), await this.#selected('new', said?.new)]
    sendJson(asked, await this.#options.analyst.do({ do: 'compare', base, new: next }))
  }

  async #selected(side: string, selection: Partial<RunSelection> | undefined): Promise<RunRef[]> {
    const { store: { table }, nowEpochMs } = this.#options
    const { keys, query } = (typeof selection === 'object' && selection !== null ? selection : {}) as { keys?: unknown; query?: unknown }
    const found = Array.isArray(keys) ? keys.slice(0, MAX_COMPARED).map((key) => table.columns.find(String(key))).filter((row) => row !== -1)
      : typeof query === 'object' && query !== null ? [...table.select({ ...queryOf(query as QueryValues), sort: 'started', isDescending: true }, nowEpochMs())]
        : undefined
    if (found === undefined) throw new HttpError(400, `${side} must be keys or a query`)
    const readable: ReturnType<typeof table.refOf>[] = []
    for (const row of found) {
      const ref = table.refOf(row)
      if (ref.traceId !== '' && readable.push(ref) >= MAX_COMPARED) break
    }
    const refs = await Promise.all(readable.map(({ traceId, path }) => this.#refOf(traceId, path)))
    if (refs.length === 0) throw new HttpError(400, `${side} holds no run`)
    return refs
  }
}

function only(method: 'GET' | 'POST' | 'DELETE', { request }: Asked, hasHead = method === 'GET'): void {
  if (request.method !== method && !(hasHead && request.method === 'HEAD')) throw new HttpError(405, `this is asked for with ${method}`)
}

function queryOf(values: QueryValues): ReadQuery {
  const query = readQuery(values)
  if (typeof query === 'string') throw new HttpError(400, query)
  return query
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is not JSON')
  }
}

const sendFile = (asked: Asked, { name, type, body }: RunFile): void =>
  send(asked, 200, type, body, {
    'Content-Disposition': `attachment; filename="${name}"`,
    // Should a browser show it all the same, it may do nothing.
    'Content-Security-Policy': "default-src 'none'; sandbox",
  })

export const apiFailed = (asked: Pick<Asked, 'request' | 'response'>, status: number, message: string): void =>
  sendJson(asked, { error: message } satisfies ApiError, status)
