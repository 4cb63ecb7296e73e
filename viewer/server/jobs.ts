import type { Comparison } from '../api.ts'
import type { FileFacts, IndexedRun, RunSource } from './runs.ts'

/** The name of the error, which is all that another thread gets to see of it besides its message. */
export const TOO_LARGE = 'TooLarge'

/** A run in a file, by its absolute path. */
export interface RunRef {
  readonly path: string
  readonly traceId: string
}

export interface RunFile {
  readonly name: string
  readonly type: string
  readonly body: Uint8Array
}

/** What is computed beside the server, so that it goes on answering; by what it gives. */
export interface Jobs {
  readonly summarise: {
    /** `path` is below the folder, `file` absolute. Of a file of more than `mostBytes`, also unpacked, it fails with {@link TOO_LARGE}. */
    readonly job: { readonly do: 'summarise'; readonly file: string; readonly path: string; readonly source: RunSource; readonly mostBytes?: number }
    readonly result: Omit<FileFacts, 'path'> & { readonly runs: readonly IndexedRun[] }
  }
  readonly document: { readonly job: { readonly do: 'document'; readonly run: RunRef }; readonly result: Uint8Array }
  readonly export: { readonly job: { readonly do: 'export'; readonly run: RunRef; readonly format: string; readonly version: string }; readonly result: RunFile }
  readonly share: { readonly job: { readonly do: 'share'; readonly run: RunRef }; readonly result: RunFile }
  readonly compare: {
    readonly job: { readonly do: 'compare'; readonly base: readonly RunRef[]; readonly new: readonly RunRef[] }
    readonly result: Comparison
  }
}

export type Job = Jobs[keyof Jobs]['job']
export type ResultOf<J extends Job> = Jobs[J['do']]['result']
