import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { RunModel } from './run-model.ts'

/** The run that is being looked at, and what all its views share. */
export interface RunView {
  readonly run: RunModel
  /** Path of the run in the address: `[]` in a file, `['runs', key]` in the dashboard. */
  readonly base: readonly string[]
  /** The span that the drawer shows. */
  readonly selected: number | undefined
  /** `undefined` closes the drawer. */
  readonly select: (span: number | undefined) => void
  /** Spans that a finding names, emphasised in every picture; empty: none. */
  readonly marked: ReadonlySet<number>
  /** Number of the finding in `analysis.findings` that is being looked at. */
  readonly finding: number | undefined
  /** Another view of this run (`timeline`, `['guide', 'PAR001']`), with whatever belongs into its address. The selected span stays. */
  readonly href: (view: string | readonly string[], query?: Readonly<Record<string, string | number | undefined>>) => string
  /** A part of the address of this view, such as its search words; `undefined` takes it away. No entry in the history. */
  readonly query: URLSearchParams
  readonly setQuery: (changes: Readonly<Record<string, string | number | undefined>>) => void
}

export const RunContext = createContext<RunView | undefined>(undefined)

export function useRun(): RunView {
  const view = useContext(RunContext)
  if (view === undefined) throw new Error('a view of a run stands outside of one')
  return view
}
