import type { Plugin } from 'vite'

export interface BuiltPage {
  readonly script: string
  readonly style: string
  readonly scriptHash: string
  readonly styleHash: string
}

export function buildPage(): Promise<BuiltPage>
export function pagePlugin(): Plugin
