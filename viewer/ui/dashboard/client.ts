import type { ApiError } from '../../api.ts'
import { fileNameIn } from './file-name.ts'
import { currentToken } from './token.ts'

/** The token is missing, or of another launch. */
export class DeniedError extends Error {
  override readonly name: string = 'DeniedError'
}

/** Nobody answers: the dashboard was stopped. */
export class GoneError extends Error {
  override readonly name: string = 'GoneError'
}

/** @throws DeniedError, GoneError, or Error with what the server says */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = currentToken()
  if (token === undefined) throw new DeniedError('no token')
  let response: Response
  try {
    response = await fetch(path, { ...init, headers: { ...init.headers as Record<string, string> | undefined, authorization: `Bearer ${token}` }, cache: 'no-store', credentials: 'omit' })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new GoneError('the dashboard does not answer')
  }
  if (response.status === 401) throw new DeniedError('the token is of another launch')
  if (!response.ok) throw new Error(await reasonOf(response))
  return response
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { error } = await response.json() as Partial<ApiError>
    if (typeof error === 'string' && error !== '') return error
  } catch {
    // Then the status has to do.
  }
  return `the server answered with ${response.status}`
}

export async function askJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await (await ask(path, signal === undefined ? {} : { signal })).json() as T
}

export async function postJson<T>(path: string, body: object, signal: AbortSignal): Promise<T> {
  const response = await ask(path, { method: 'POST', signal, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  return await response.json() as T
}

export async function askBytes(path: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await ask(path, { signal })).arrayBuffer())
}

/** Hands a file of the server to the browser's downloads; a plain link could not send the token. */
export async function download(path: string, otherName: string): Promise<void> {
  const response = await ask(path)
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = fileNameIn(response.headers.get('content-disposition')) ?? otherName
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
