import type { SpanwiseConfig } from './config.ts'

/** Gives back `config`, for editors that then know its keys. By itself, since a program that imports it loads none of what reads it. */
export function defineConfig(config: SpanwiseConfig): SpanwiseConfig {
  return config
}
