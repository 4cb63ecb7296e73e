import { encoderFor, importEncoder } from './encoder.ts'
import { tokenizerFor } from './models.ts'

/**
 * The tokens of a text, as `model` would count them; a whole number. The first call takes some 50 ms to load the ranks.
 * Undefined where they cannot be loaded synchronously, as in a page.
 */
export function countTokens(text: string, model: string): number | undefined {
  const { encoding, factor } = tokenizerFor(model)
  const steps = encoderFor(encoding)?.counting(text)
  if (!steps) return undefined
  let step = steps.next()
  while (!step.done) step = steps.next()
  return Math.round(step.value * factor)
}

export interface SliceOptions {
  /** How long to work before letting others run; 10 ms unless told. A single step can take it a few milliseconds further. */
  readonly sliceMs?: number
  /**
   * Resolves when others have run; `setImmediate` unless told. Work in the background that must not keep a process alive
   * brings its own, with an unreferenced timer, and accepts that its promise may never settle.
   */
  readonly yieldNow?: () => Promise<void>
}

/** The tokens of each text, never holding the event loop for long: neither while loading nor inside one long text. */
export async function countTokensSliced(
  texts: readonly string[],
  model: string,
  options: SliceOptions = {},
): Promise<(number | undefined)[]> {
  const { sliceMs = 10, yieldNow = nextTurn } = options
  if (!(sliceMs > 0)) throw new RangeError(`sliceMs must be a positive number, got ${sliceMs}`)
  const { encoding, factor } = tokenizerFor(model)
  let deadline = -Infinity
  const othersFirst = async (): Promise<void> => {
    if (performance.now() < deadline) return
    await yieldNow()
    deadline = performance.now() + sliceMs
  }
  const inSlices = async <T>(steps: Generator<void, T>): Promise<T> => {
    for (;;) {
      await othersFirst()
      const step = steps.next()
      if (step.done) return step.value
    }
  }
  await othersFirst()
  const encoder = encoderFor(encoding) ?? (await importEncoder(encoding))
  const counts: (number | undefined)[] = []
  for (const text of texts) counts.push(encoder && Math.round((await inSlices(encoder.counting(text))) * factor))
  return counts
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
