export interface BuiltGuide {
  readonly pages: readonly { readonly code: string; readonly title: string; readonly blocks: readonly (readonly [kind: string, content: unknown])[] }[]
  readonly groups: readonly { readonly title: string; readonly codes: readonly string[] }[]
}

export function guideOf(read?: (file: string) => string, files?: readonly string[]): BuiltGuide
