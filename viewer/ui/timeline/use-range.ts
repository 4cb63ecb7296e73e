import { useEffect, useRef, useState } from 'preact/hooks'
import type { Bounds, Range } from '../canvas/range.ts'
import { useRun } from '../run/run-context.ts'
import { fromAddress, toAddress } from './bounds.ts'

/** The address is written when the range has stayed for so long, ms. */
const REST_MS = 250

/** The range in view; it stands in the address, so that a link shows the same. All of a run that goes on stays all of it. */
export function useRange(bounds: Bounds): readonly [Range, (range: Range) => void] {
  const view = useRun()
  const latest = useRef(view)
  latest.current = view
  const { query, run: { startNs } } = view
  const [askedFrom, askedTo] = [query.get('from'), query.get('to')]
  const [part, setPart] = useState<Range | undefined>(() => fromAddress(askedFrom, askedTo, startNs, bounds))
  const written = useRef(`${askedFrom} ${askedTo}`)
  useEffect(() => {
    const asked = `${askedFrom} ${askedTo}`
    if (asked === written.current) return
    written.current = asked
    setPart(fromAddress(askedFrom, askedTo, startNs, bounds))
  }, [askedFrom, askedTo])
  useEffect(() => {
    const [from, to] = part === undefined ? [undefined, undefined] : [toAddress(part.from, startNs), toAddress(part.to, startNs)]
    const next = `${from ?? null} ${to ?? null}`
    if (next === written.current) return undefined
    const timer = setTimeout(() => {
      written.current = next
      latest.current.setQuery({ from, to })
    }, REST_MS)
    return () => clearTimeout(timer)
  }, [part])
  return [part ?? bounds, (range) => setPart(range.from <= bounds.from && range.to >= bounds.to ? undefined : range)]
}

/** The words that are searched for; they stand in the address too. */
export function useFind(): readonly [string, (text: string) => void] {
  const view = useRun()
  const latest = useRef(view)
  latest.current = view
  const asked = view.query.get('find') ?? ''
  const [text, setText] = useState(asked)
  const written = useRef(asked)
  useEffect(() => {
    if (asked === written.current) return
    written.current = asked
    setText(asked)
  }, [asked])
  useEffect(() => {
    if (text === written.current) return undefined
    const timer = setTimeout(() => {
      written.current = text
      latest.current.setQuery({ find: text === '' ? undefined : text })
    }, REST_MS)
    return () => clearTimeout(timer)
  }, [text])
  return [text, setText]
}
