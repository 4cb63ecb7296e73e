import type { JSX } from 'preact'
import { formatCount, formatShare, formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { modelOf } from '../../../reports/shared/phases.ts'
import { clean, cleanName } from '../../../reports/shared/text.ts'
import type { CallSummary } from '../../../src/model/analysis.ts'
import type { Usage } from '../../../src/model/usage.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { PhaseBar } from '../calls/phase-bar.tsx'
import { formatSpeed, stretchesOf } from '../calls/phases.ts'
import { useRun } from '../run/run-context.ts'
import { Conversation } from './conversation.tsx'
import { Facts, Section } from './section.tsx'

/** A call of a model: who answered, what it took, and what was said. */
export function CallDetail({ span }: { readonly span: number }): JSX.Element | null {
  const { run } = useRun()
  const call = run.call(span)
  if (call === undefined) return null
  return (
    <>
      <Model call={call} span={span} />
      <Phases call={call} />
      <Attempts call={call} />
      <Conversation span={span} call={call} />
    </>
  )
}

function Model({ call, span }: { readonly call: CallSummary; readonly span: number }): JSX.Element {
  const { run } = useRun()
  const content = run.callContent(span)
  const { requestModel, responseModel, provider, finishReasons, usage, costUsd, gapNs } = call
  const isOther = requestModel !== undefined && responseModel !== undefined && requestModel !== responseModel
  return (
    <Section title="Call of a model">
      <Facts rows={[
        ['Model', <>{cleanName(modelOf(call))}{isOther && <span class="muted small block">asked for as {cleanName(requestModel)}</span>}</>],
        ['Provider', [provider, content?.api, content?.serviceTier].filter((one) => one !== undefined && one !== '').map((one) => clean(one!)).join(', ')],
        finishReasons !== undefined && ['Finished with', clean(finishReasons.join(', '))],
        ['Cost', call.unanswered === true ? 'nothing: there was no answer' : costUsd === undefined ? 'unknown' : `${usage?.source === 'estimated' ? '~' : ''}${formatUsd(costUsd)}`],
        gapNs !== undefined && gapNs > 0 && ['Gap before', `${formatDuration(gapNs)} in which nothing recorded ran`],
        content?.maxOutputTokens !== undefined && ['Output limit', plural(content.maxOutputTokens, 'token')],
        content?.responseId !== undefined && ['Response id', <code class="break">{clean(content.responseId)}</code>],
      ]} />
      {usage === undefined ? <p class="faint small">Token counts are unknown.</p> : <Tokens usage={usage} />}
    </Section>
  )
}

function Tokens({ usage: { input, output, requests, extra, source, complete } }: { readonly usage: Usage }): JSX.Element {
  const rows: readonly (readonly [name: string, tokens: number, isPart: boolean, share?: number])[] = [
    ...(input === undefined ? [] : [
      ['Input', input.total, false] as const,
      ...(input.cacheRead + input.cacheWrite === 0 ? [] : [
        ['read from the cache', input.cacheRead, true, input.cacheRead] as const,
        ['written to the cache', input.cacheWrite, true, input.cacheWrite] as const,
        ['not cached', input.uncached, true, input.uncached] as const,
      ]),
    ]),
    ...(output === undefined ? [] : [
      ['Output', output.total, false] as const,
      ...(output.reasoning > 0 ? [['reasoning', output.reasoning, true] as const, ['visible', output.visible, true] as const] : []),
    ]),
    ...Object.entries({ ...requests, ...extra }).flatMap(([name, count]) => (count === undefined ? [] : [[clean(name), count, false] as const])),
  ]
  return (
    <>
      <h4>Tokens{source === 'estimated' && <span class="faint"> counted here, not by the provider</span>}{!complete && <span class="faint"> the answer was cut: at least</span>}</h4>
      <table class="drawer-table">
        <tbody>
          {rows.map(([name, tokens, isPart, of]) => (
            <tr key={name}><th scope="row" class={isPart ? 'part' : undefined}>{name}</th><td>{of !== undefined && input !== undefined && input.total > 0 && <span class="faint">{formatShare(of / input.total)}</span>}</td><td>{formatCount(tokens)}</td></tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function Phases({ call }: { readonly call: CallSummary }): JSX.Element | null {
  const { ttftNs, decodeNs, outputTokensPerSecond, phases } = call
  if (phases === undefined && ttftNs === undefined) return null
  return (
    <Section title="Where its time went">
      <PhaseBar call={call} />
      <table class="drawer-table">
        <tbody>
          {stretchesOf(call).map(({ key, name, timeNs, share }) => (
            <tr key={key}><th scope="row"><span class="swatch" style={{ background: `var(--phase-${key})` }} aria-hidden="true" /> {name}</th><td class="faint">{formatShare(share)}</td><td>{formatDuration(timeNs)}</td></tr>
          ))}
        </tbody>
      </table>
      <Facts rows={[
        ttftNs !== undefined && ['First token', `${formatDuration(ttftNs)} after the call began`],
        decodeNs !== undefined && ['Decode', `${formatDuration(decodeNs)}${outputTokensPerSecond === undefined ? '' : `, ${formatSpeed(outputTokensPerSecond)} tokens/s`}`],
      ]} />
    </Section>
  )
}

function Attempts({ call: { attempts, retryNs } }: { readonly call: CallSummary }): JSX.Element | null {
  const { run } = useRun()
  if (attempts.length === 0) return null
  return (
    <Section title={attempts.length === 1 ? 'One attempt' : `${attempts.length} attempts`} note={retryNs > 0 ? `${formatDuration(retryNs)} for those that failed` : undefined}>
      <table class="drawer-table attempts">
        <thead><tr><th scope="col">Status</th><th scope="col">Start</th><th scope="col">Took</th><th scope="col">Wait after</th></tr></thead>
        <tbody>
          {attempts.map(({ start, end, status, error, waitNs }, i) => (
            <tr key={i}>
              <td class={error !== undefined || (status !== undefined && status >= 400) ? 'bad-text' : undefined}>{status ?? (error === undefined ? 'unknown' : cleanName(error))}</td>
              <td>{formatDuration(Math.max(0, start - run.startNs))}</td>
              <td>{end === undefined ? 'unknown' : formatDuration(end - start)}</td>
              <td>{waitNs === undefined ? '–' : formatDuration(waitNs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}
