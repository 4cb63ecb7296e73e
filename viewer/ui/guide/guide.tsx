import { guide as readGuide, type FindingPage, type GuideTree } from 'spanwise-guide'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { FindingText } from './finding-page.tsx'
import { otherTopics, pictureTopics, topics, type Topic } from './topics.tsx'

/** The address of a page: `['guide', 'PAR001']`. */
export type HrefOf = (path: readonly string[]) => string

/** A finding or an observation of the run that is being looked at. */
export interface Found {
  readonly code: string
  readonly title: string
  /** What it saves, in words. */
  readonly saves: readonly string[]
  /** Where its spans can be seen. */
  readonly show?: { readonly href: string; readonly text: string }
}

interface GuideProps {
  /** A finding's code, or the id of a topic; without one: the contents. */
  readonly code: string | undefined
  readonly href: HrefOf
  readonly found?: readonly Found[]
}

let tree: GuideTree | undefined

/** How to read the pictures, what the figures mean, and a page for each finding. */
export function Guide({ code, href, found = [] }: GuideProps): JSX.Element {
  tree ??= readGuide()
  const { pages, groups } = tree
  const page = pages.find((one) => one.code === code)
  const topic = topics.find(({ id }) => id === code)
  return (
    <div class={code === undefined ? 'guide at-contents' : 'guide'}>
      <nav aria-label="Guide">
        <a href={href(['guide'])} aria-current={code === undefined ? 'page' : undefined}>All of it</a>
        <TopicLinks title="Pictures" topics={pictureTopics} code={code} href={href} />
        <TopicLinks title="More" topics={otherTopics} code={code} href={href} />
        <h2>Findings</h2>
        {groups.map(({ title, codes }) => (
          <section key={title}>
            <h3>{title}</h3>
            <ul class="codes">{codes.map((one) => <li key={one}><a href={href(['guide', one])} aria-current={one === code ? 'page' : undefined}>{one}</a></li>)}</ul>
          </section>
        ))}
      </nav>
      <article class="card" key={code}>
        {code !== undefined && <p class="guide-back"><a href={href(['guide'])}>All of the guide</a></p>}
        {code === undefined && <Contents tree={tree} href={href} found={found} />}
        {topic !== undefined && <><Title>{topic.title}</Title><topic.Body /></>}
        {page !== undefined && <OnePage page={page} href={href} found={found.filter((one) => one.code === code)} />}
        {code !== undefined && topic === undefined && page === undefined && <Unknown href={href} />}
      </article>
    </div>
  )
}

function TopicLinks({ title, topics: list, code, href }: { readonly title: string; readonly topics: readonly Topic[]; readonly code: string | undefined; readonly href: HrefOf }): JSX.Element {
  return (
    <>
      <h2>{title}</h2>
      <ul>{list.map(({ id, title: text }) => <li key={id}><a href={href(['guide', id])} aria-current={id === code ? 'page' : undefined}>{text}</a></li>)}</ul>
    </>
  )
}

/** Takes the focus when another page of the guide is opened, so that one reads on from there. */
function Title({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const wasInside = document.activeElement?.closest('.guide') ?? (document.activeElement === document.body ? title.current : null)
    if (wasInside === null) return
    title.current?.focus({ preventScroll: true })
    scrollTo({ top: Math.min(scrollY, (title.current?.closest('.guide')?.getBoundingClientRect().top ?? 0) + scrollY - 12) })
  }, [])
  return <h2 ref={title} tabIndex={-1}>{children}</h2>
}

function Contents({ tree: { pages, groups }, href, found }: { readonly tree: GuideTree; readonly href: HrefOf; readonly found: readonly Found[] }): JSX.Element {
  const titles = new Map(pages.map(({ code, title }) => [code, title]))
  return (
    <>
      <Title>Guide</Title>
      <p class="lead">How to read what is drawn here, what each figure means, and how each finding is known.</p>
      {found.length > 0 && <><h3>In this run</h3><FoundList found={found} href={href} /></>}
      <h3>Reading the pictures</h3>
      <dl class="topics">{[...pictureTopics, ...otherTopics].map(({ id, title, what }) => <div key={id}><dt><a href={href(['guide', id])}>{title}</a></dt><dd>{what}</dd></div>)}</dl>
      {groups.map(({ title, codes }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl class="topics">{codes.map((code) => <div key={code}><dt><a href={href(['guide', code])} class="mono">{code}</a></dt><dd>{titles.get(code)}</dd></div>)}</dl>
        </section>
      ))}
    </>
  )
}

function FoundList({ found, href }: { readonly found: readonly Found[]; readonly href?: HrefOf }): JSX.Element {
  return (
    <ul class="found">
      {found.map(({ code, title, saves, show }, i) => (
        <li key={i}>
          <p>{href !== undefined && <a href={href(['guide', code])} class="chip code">{code}</a>} {title}</p>
          <p class="row muted">{saves.length > 0 && <span>Saves {saves.join(', ')}</span>}{show !== undefined && <a href={show.href}>{show.text}</a>}</p>
        </li>
      ))}
    </ul>
  )
}

function OnePage({ page, href, found }: { readonly page: FindingPage; readonly href: HrefOf; readonly found: readonly Found[] }): JSX.Element {
  return (
    <>
      <Title><span class="mono">{page.code}</span> {page.title}</Title>
      {found.length > 0 && <section class="in-this-run" aria-label="In this run"><h3>In this run</h3><FoundList found={found} /></section>}
      <FindingText page={page} href={href} />
    </>
  )
}

function Unknown({ href }: { readonly href: HrefOf }): JSX.Element {
  return (
    <>
      <Title>There is no such page</Title>
      <p>It may belong to another version of Spanwise. <a href={href(['guide'])}>All that is here</a></p>
    </>
  )
}
