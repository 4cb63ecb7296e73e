/** Express brings no types of its own. A program in TypeScript installs `@types/express`; here this much of them is enough. */
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  interface Request extends IncomingMessage {
    readonly query: Readonly<Record<string, unknown>>
  }
  interface Response extends ServerResponse {
    type(type: string): Response
    send(body: unknown): Response
  }
  interface Application {
    (request: IncomingMessage, response: ServerResponse): void
    use(handler: (request: Request, response: Response, next: (error?: unknown) => void) => void): void
    get(path: string, handler: (request: Request, response: Response, next: (error?: unknown) => void) => void): void
    listen(port: number | string): Server
  }
  function express(): Application
  export = express
}
