import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { kindText } from '../../../reports/shared/context-words.ts'
import { formatCount, plural } from '../../../reports/shared/numbers.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import type { CallSummary } from '../../../src/model/analysis.ts'
import type { ToolCallRequest } from '../../../src/model/span.ts'
import { partColor } from '../context/kinds.ts'
import { useRun } from '../run/run-context.ts'
import { issuedBy } from './relations.ts'
import { shownOf, sizedParts, type SizedPart } from './request-parts.ts'
import { Section, Some } from './section.tsx'
import { SpanButton } from './span-button.tsx'
import { NoTexts, TextBlock } from './text-block.tsx'

/** What was asked and answered, part by part in the order in which a cache reads them. */
export function Conversation({ span, call }: { readonly span: number; readonly call: CallSummary }): JSX.Element | null {
  const { run } = useRun()
  const content = run.callContent(span)
  const parts = useMemo(() => {
    const context = run.analysis.context.calls.find(({ number }) => number === call.number)
    return {
      request: sizedParts(content?.request ?? [], run.document.content, context),
      answer: sizedParts(content?.response ?? [], run.document.content, undefined),
    }
  }, [run, call, content])
  if (content === undefined) return null
  const { request, answer } = parts
  const tools = content.toolCalls ?? []
  const hasTexts = [...request, ...answer].some(({ part }) => part.text !== undefined) || tools.some((tool) => tool.arguments !== undefined)
  if (request.length + answer.length + tools.length === 0) return null
  return (
    <>
      {request.length > 0 && <Section title="Request" note={plural(request.length, 'part')}><Parts of="Request" parts={request} /></Section>}
      {/* What it asked tools for stands below, with where that led. */}
      {answer.some(({ part }) => part.kind !== 'tool-call') && <Section title="Answer"><Parts of="Answer" parts={answer.filter(({ part }) => part.kind !== 'tool-call')} /></Section>}
      {tools.length > 0 && <Section title="Tools asked for"><Asked span={span} tools={tools} /></Section>}
      {!hasTexts && <NoTexts />}
    </>
  )
}

function Parts({ of, parts }: { readonly of: string; readonly parts: readonly SizedPart[] }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const { head, tail } = shownOf(parts.length)
  const middle = parts.slice(head, parts.length - tail)
  const list = (some: readonly SizedPart[]): JSX.Element => <ol class="request-parts">{some.map((one) => <PartLine key={one.index} of={of} sized={one} />)}</ol>
  if (middle.length === 0) return list(parts)
  const tokens = middle.reduce((sum, one) => sum + (one.tokens ?? 0), 0)
  return (
    <>
      {list(parts.slice(0, head))}
      <button type="button" class="link small parts-more" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
        {isWhole ? `Show ${formatCount(middle.length)} fewer` : `Show ${formatCount(middle.length)} more in between${tokens > 0 ? `, ~${formatCount(tokens)} tokens` : ''}`}
      </button>
      {list(isWhole ? parts.slice(head) : parts.slice(parts.length - tail))}
    </>
  )
}

function PartLine({ of, sized: { part, index, tokens, isEstimate } }: { readonly of: string; readonly sized: SizedPart }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const { kind, name, media, chars, text } = part
  const line = (
    <>
      <span class="part-kind"><span class="swatch" style={{ background: `var(${partColor(media ?? kind)})` }} aria-hidden="true" /> {one(kind)}{name !== undefined && <code> {cleanName(name)}</code>}{media !== undefined && <span class="muted"> {clean(media)}</span>}</span>
      <span class="part-size">{tokens !== undefined && <>{isEstimate === true && '~'}{formatCount(tokens)} tokens, </>}{formatCount(chars)} chars</span>
    </>
  )
  if (text === undefined) return <li class="part-line">{line}</li>
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary class="part-line">{line}</summary>
        {isOpen && <TextBlock text={text} label={`${of}, part ${index + 1}: ${one(kind)}${name === undefined ? '' : ` ${cleanName(name)}`}`} />}
      </details>
    </li>
  )
}

/** A single one of a kind. */
const one = (kind: string): string => kindText(kind, cleanName).replace(/^tool (\w+)s$/, 'tool $1')

function Asked({ span, tools }: { readonly span: number; readonly tools: readonly ToolCallRequest[] }): JSX.Element {
  const { run } = useRun()
  const issued = useMemo(() => issuedBy(run, span), [run, span])
  return (
    <Some items={tools} most={12} render={({ id, name, argumentsChars, arguments: given }, i) => {
      const place = id === undefined ? undefined : issued.byCallId.get(id)
      return (
        <li key={i}>
          <span class="drawer-line"><code>{cleanName(name)}</code>{place === undefined ? <span class="faint small">no span of it</span> : <SpanButton span={place}>Show its run</SpanButton>}</span>
          {given === undefined ? <span class="faint small">{plural(argumentsChars, 'character')} of arguments</span> : <TextBlock text={given} label={`Arguments of ${cleanName(name)}, call ${i + 1}`} />}
        </li>
      )
    }} />
  )
}
