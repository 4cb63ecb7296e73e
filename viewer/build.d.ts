import type { Plugin } from 'vite'

export interface BuiltPage {
  /** Inline; unpacks the script. */
  readonly start: string
  /** Gzip, in base64. */
  readonly script: string
  readonly style: string
  /** `sha256-…`, for the content security policy. */
  readonly hashes: { readonly start: string; readonly script: string; readonly style: string }
}

export function pagePlugin(): Plugin
