import type { FindingPage as Page, Block, Inline } from 'spanwise-guide'
import type { JSX } from 'preact'
import type { HrefOf } from './guide.tsx'

/** One finding's page of docs/findings, as elements. */
export function FindingText({ page, href }: { readonly page: Page; readonly href: HrefOf }): JSX.Element {
  return <>{page.blocks.map((block, i) => <Paragraph key={i} block={block} href={href} />)}</>
}

function Paragraph({ block: [kind, content], href }: { readonly block: Block; readonly href: HrefOf }): JSX.Element {
  switch (kind) {
    case 'h':
      return <h3>{content}</h3>
    case 'pre':
      return <pre tabIndex={0}>{content}</pre>
    case 'p':
      return <p><Line inlines={content} href={href} /></p>
    case 'ul':
      return <ul>{content.map((inlines, i) => <li key={i}><Line inlines={inlines} href={href} /></li>)}</ul>
  }
}

function Line({ inlines, href }: { readonly inlines: readonly Inline[]; readonly href: HrefOf }): JSX.Element {
  return <>{inlines.map((inline, i) => <Piece key={i} inline={inline} href={href} />)}</>
}

function Piece({ inline, href }: { readonly inline: Inline; readonly href: HrefOf }): JSX.Element {
  if (typeof inline === 'string') return <>{inline}</>
  const [kind, text] = inline
  switch (kind) {
    case 'b':
      return <b>{text}</b>
    case 'i':
      return <i>{text}</i>
    case 'c':
      return <code>{text}</code>
    case 'a':
      return <a href={href(['guide', text])}>{inline[2]}</a>
  }
}
