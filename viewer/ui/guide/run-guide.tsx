import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { formatSaving, plural } from '../../../reports/shared/numbers.ts'
import { clean } from '../../../reports/shared/text.ts'
import { useRun } from '../run/run-context.ts'
import type { ViewProps } from '../run/views.tsx'
import { Guide, type Found } from './guide.tsx'

/** The guide beside a run: what was found in it comes first. */
export function RunGuide({ rest }: ViewProps): JSX.Element {
  const { run, href } = useRun()
  const found = useMemo((): Found[] => {
    const { findings, observations } = run.analysis
    return [
      ...findings.map(({ code, title, saving, spanIds }, i): Found => ({
        code, title: clean(title), saves: formatSaving(saving),
        ...(spanIds.length > 0 && { show: { href: href('timeline', { finding: i }), text: `Show ${plural(spanIds.length, 'span')}` } }),
      })),
      ...observations.map(({ code, title, spanIds }): Found => {
        const [first] = run.placesOf(spanIds.slice(0, 1))
        return { code, title: clean(title), saves: [], ...(first !== undefined && { show: { href: href('timeline', { span: first }), text: spanIds.length === 1 ? 'Show the span' : `Show the first of ${plural(spanIds.length, 'span')}` } }) }
      }),
    ]
  }, [run, href])
  return <Guide code={rest[0]} href={href} found={found} />
}
