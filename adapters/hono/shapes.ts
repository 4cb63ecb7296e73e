/**
 * What is used of Hono's `Context`, and what a guard mostly asks it for. Declared here, so that the declarations of the package hold without
 * Hono; a guard that needs more of it says so: `(c: Context<…>) => …`.
 */
export interface HonoContext {
  readonly req: HonoRequest
  get res(): Response
  set res(response: Response | undefined)
  readonly error: Error | undefined
  readonly env: unknown
  /** What a middleware has put there by `c.set(…)`. */
  get(key: string): unknown
}

export interface HonoRequest {
  readonly method: string
  readonly url: string
  readonly path: string
  readonly routePath: string
  readonly raw: Request
  header(name: string): string | undefined
  query(name: string): string | undefined
}

export type HonoMiddleware<Context extends HonoContext = HonoContext> = (context: Context, next: () => Promise<void>) => Promise<Response | void>
