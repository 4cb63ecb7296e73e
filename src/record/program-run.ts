import { CANCELLED, OK, type Category, type Outcome } from '../model/span.ts'
import type { Place } from './place.ts'
import type { SpanRecord } from './recorder.ts'
import type { ProgramFacts } from './setup.ts'
import { atExit } from './sinks/at-exit.ts'

/** A process that lives for long gets a new run after so many spans: nothing of it may grow for ever. */
const MAX_SPANS = 10_000

/**
 * A whole program as one run. It is opened with the first span that belongs to no other run, as if that had been at the program's
 * start, and ends with the process. No async context is entered for it: what belongs to it is what has none.
 */
export class ProgramRun {
  readonly #open: (facts: ProgramFacts) => SpanRecord | undefined
  #facts: ProgramFacts
  #root: SpanRecord | undefined
  #isSkipped = false

  /** @param open opens the run; undefined when it is not sampled */
  constructor(facts: ProgramFacts, open: (facts: ProgramFacts) => SpanRecord | undefined) {
    this.#facts = facts
    this.#open = open
  }

  begin(outer: SpanRecord | undefined, name: string, category: Category, place: Place, isProvisional: boolean): SpanRecord | undefined {
    const root = this.#current()
    return root?.run.begin(root, outer, name, category, place, isProvisional)
  }

  #current(): SpanRecord | undefined {
    const root = this.#root
    if (root !== undefined) {
      if (root.open && root.run.spans.length < MAX_SPANS) return root
      root.end()
      this.#facts = { name: root.name, startedMs: root.run.owner.clock.now() }
    }
    if (this.#isSkipped) return undefined
    // Before the run is: what writes its file is called back after this, in the order of coming.
    atExit(this.#end)
    this.#root = this.#open(this.#facts)
    this.#isSkipped = this.#root === undefined
    return this.#root
  }

  readonly #end = (signal?: string): void => {
    this.#root?.end(signal === undefined ? exitOutcome() : CANCELLED)
  }
}

function exitOutcome(): Outcome {
  const { exitCode } = globalThis.process
  return exitCode === undefined || Number(exitCode) === 0 ? OK : { state: 'failed', type: 'exit', message: `exit code ${exitCode}` }
}
