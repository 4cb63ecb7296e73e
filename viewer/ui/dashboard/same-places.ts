import type { RunModel } from '../run/run-model.ts'

type Run = Pick<RunModel, 'placeOf'> & {
  readonly spans: Pick<RunModel['spans'], 'ids'>
  readonly analysis: { readonly findings: readonly { readonly code: string; readonly spanIds: readonly string[] }[] }
}

/**
 * The address says by its place which span is selected and which finding is looked at. In a run that went on, a span that was
 * written late, or a finding that saves more by now, has moved them.
 * @returns the query for the run as it is now; undefined when nothing has moved
 */
export function samePlaces(before: Run, now: Run, query: URLSearchParams): URLSearchParams | undefined {
  const next = new URLSearchParams(query)
  const put = (name: string, place: number | undefined): void => {
    if (place === undefined) next.delete(name)
    else next.set(name, String(place))
  }
  const span = query.get('span')
  if (span !== null) {
    const id = before.spans.ids[Number(span)]
    put('span', id === undefined ? undefined : now.placeOf(id))
  }
  const finding = before.analysis.findings[Number(query.get('finding') ?? 'none')]
  if (finding !== undefined) {
    const all = now.analysis.findings
    const same = all.findIndex(({ code, spanIds }) => code === finding.code && spanIds[0] === finding.spanIds[0])
    put('finding', same === -1 ? undefined : same)
  }
  return next.toString() === query.toString() ? undefined : next
}
