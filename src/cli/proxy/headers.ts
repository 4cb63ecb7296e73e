/** Names and values in turn, as they came over the wire: in their order, in the case in which they were written, each as often as it was sent. */
export type RawHeaders = readonly string[]

/** They are about the connection to the next neighbour, and end there. Chunks are made anew on either side, so `transfer-encoding` stays. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'http2-settings'])
/** Says to us which run a call belongs to. */
export const RUN_HEADER = 'spanwise-run'

/** What is sent on of a request: all but what is about the connection, or for us; the host is the one that is asked. */
export function requestHeaders(raw: RawHeaders, host: string): string[] {
  const dropped = new Set([...OF_THE_CONNECTION, ...connectionNames(raw), RUN_HEADER])
  return filtered(raw, (name) => !dropped.has(name), host)
}

/** The same for a request that changes the protocol of its connection. */
export const upgradeHeaders = (raw: RawHeaders, host: string): string[] => filtered(raw, (name) => name !== RUN_HEADER, host)

/** @param takesChunks false for clients of HTTP 1.0 */
export function responseHeaders(raw: RawHeaders, takesChunks = true): string[] {
  const dropped = new Set([...OF_THE_CONNECTION, ...connectionNames(raw)])
  return filtered(raw, (name) => !dropped.has(name) && (takesChunks || name !== 'transfer-encoding'))
}

function filtered(raw: RawHeaders, keeps: (name: string) => boolean, host?: string): string[] {
  const kept: string[] = []
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase()
    if (keeps(lower)) kept.push(name, host !== undefined && lower === 'host' ? host : value)
  }
  return kept
}

export function pairs(raw: RawHeaders): [name: string, value: string][] {
  const found: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) found.push([raw[i]!, raw[i + 1]!])
  return found
}

/** Others that this one connection's neighbours agreed on. */
function connectionNames(raw: RawHeaders): string[] {
  return pairs(raw).flatMap(([name, value]) => (name.toLowerCase() === 'connection' ? value.split(',') : [])).map((name) => name.trim().toLowerCase())
}

/** As they stand on the wire, up to the empty line. */
export const headText = (firstLine: string, headers: RawHeaders): string =>
  [firstLine, ...pairs(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
