/** docs/findings, as viewer/build-guide.js gives it. */
declare module 'spanwise-guide' {
  /** Text; bold, italic and code; a link to another finding's page. */
  export type Inline = string | readonly ['b' | 'i' | 'c', text: string] | readonly ['a', code: string, text: string]
  /** A heading, a paragraph, code, a list. */
  export type Block = readonly ['h' | 'pre', text: string] | readonly ['p', inlines: readonly Inline[]] | readonly ['ul', items: readonly (readonly Inline[])[]]

  export interface FindingPage {
    readonly code: string
    readonly title: string
    readonly blocks: readonly Block[]
  }

  export interface GuideTree {
    readonly pages: readonly FindingPage[]
    readonly groups: readonly { readonly title: string; readonly codes: readonly string[] }[]
  }

  export function guide(): GuideTree
}
