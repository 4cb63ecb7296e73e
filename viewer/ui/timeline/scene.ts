import type { RunModel } from '../run/run-model.ts'
import type { Stretch } from './call-phases.ts'
import type { Layout } from './layout.ts'
import type { Matches } from './matches.ts'
import type { PathPieces } from './path.ts'
import type { Times, Tree } from './tree.ts'
import type { Viewport } from './viewport.ts'

/** What is emphasised. */
export interface Look {
  readonly showPath: boolean
  readonly showSlack: boolean
  readonly matches: Matches | undefined
  /** Categories, by place, that are filtered away. */
  readonly hidden: ReadonlySet<number>
}

/** All that a frame is drawn from. */
export interface Scene {
  readonly run: RunModel
  readonly tree: Tree
  readonly times: Times
  readonly layout: Layout
  readonly path: PathPieces
  readonly collapsed: Uint8Array
  /** Absent where the times are not those of the run. */
  readonly slack: Float64Array | undefined
  readonly late: Uint8Array
  readonly stretches: (span: number) => readonly Stretch[]
  readonly view: Viewport
  readonly look: Look
  readonly marked: ReadonlySet<number>
  readonly selected: number | undefined
  readonly focused: number | undefined
  readonly emphasised: Uint8Array | undefined
  readonly shortened: Uint8Array | undefined
}

/** How much of its colour a bar keeps. */
export function strengthOf(i: number, { run, look, path }: Scene): number {
  if (look.hidden.size > 0 && look.hidden.has(run.spans.category[i]!)) return 0.1
  if (look.matches !== undefined && !look.matches.isIn[i]) return 0.2
  return look.showPath && !path.isOn[i] ? 0.55 : 1
}
