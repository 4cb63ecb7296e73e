import { ID_KEYS, type RunDocument, type SpanColumns } from './run-document.ts'
import { unpackTree } from './tree.ts'

/** @throws Error when the bytes are not what `packRun` gives */
export function unpackRun(packed: Uint8Array): RunDocument {
  const document = unpackTree(packed) as Omit<RunDocument, 'spans'> & { readonly spans: PackedColumns }
  const { idBytes, ids = hexIds(idBytes), duration, covered, wall, start, ...rest } = document.spans
  const self = duration.map((time, i) => time - covered[i]!)
  const spans: SpanColumns = {
    ...rest, ids, start, self,
    end: duration.map((time, i) => start[i]! + time),
    wall: wall.map((time, i) => self[i]! - time),
  }
  return { ...document, analysis: withIds(document.analysis, ids), spans }
}

interface PackedColumns extends Omit<SpanColumns, 'ids' | 'end' | 'self'> {
  readonly ids?: readonly string[]
  readonly idBytes?: Uint8Array
  readonly duration: Float64Array
  readonly covered: Float64Array
}

function hexIds(bytes: Uint8Array = new Uint8Array(0)): string[] {
  const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
  const ids: string[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    let id = ''
    for (let i = at; i < at + 8; i++) id += hex[bytes[i]!]!
    ids.push(id)
  }
  return ids
}

function withIds(analysis: RunDocument['analysis'], ids: readonly string[]): RunDocument['analysis'] {
  const idOf = (place: unknown): unknown => (typeof place === 'number' ? ids[place] : place)
  const revive = (value: unknown): void => {
    if (Array.isArray(value)) {
      if (typeof value[0] === 'object') value.forEach(revive)
      return
    }
    if (typeof value !== 'object' || value === null) return
    const record = value as Record<string, unknown>
    for (const [key, inner] of Object.entries(record)) {
      if (!ID_KEYS.has(key)) revive(inner)
      else record[key] = Array.isArray(inner) ? inner.map(idOf) : idOf(inner)
    }
  }
  const { run, ...derived } = analysis
  revive(derived)
  return { run, ...derived }
}
