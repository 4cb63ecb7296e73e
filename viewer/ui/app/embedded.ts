import { unpackRun } from '../../document/unpack.ts'
import type { RunDocument } from '../../document/run-document.ts'

/** The run that the file holds; undefined in the dashboard. @throws Error when it is damaged */
export async function embeddedRun(): Promise<RunDocument | undefined> {
  const element = document.querySelector('#run')
  if (element === null) return undefined
  return await openRun(fromBase64((element.textContent ?? '').trim()))
}

/** @param packed gzip of what `packRun` gives */
export async function openRun(packed: Uint8Array<ArrayBuffer>): Promise<RunDocument> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return unpackRun(new Uint8Array(await new Response(stream).arrayBuffer()))
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
