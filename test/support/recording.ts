import { readFileSync } from 'node:fs'
import { json, sse, type Reply } from './provider-server.ts'
import { root } from './source.ts'

/** A recorded answer of those in examples/recordings. */
export function recording(name: string): Reply {
  const { responseBody, responseText } = JSON.parse(readFileSync(`${root}examples/recordings/${name}.json`, 'utf8')) as {
    readonly responseBody?: unknown
    readonly responseText?: string
  }
  return responseText === undefined ? json(responseBody) : sse(responseText.split(/(?<=\n\n)/))
}
