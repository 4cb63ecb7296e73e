import { sameArguments } from './arguments.ts'
import { currentSpan } from './context.ts'
import type { SpanRecord } from './recorder.ts'
import { isWithin } from './same-call.ts'

/** Tools that never end must not be kept for ever. */
const MAX_OPEN = 10_000

interface OpenTool {
  readonly span: SpanRecord
  readonly observer: string
  /** As a text or as the value; undefined when the framework does not tell. */
  readonly own: unknown
}

/** Tools that frameworks run, by name, until the function that they call was seen: each is taken up once. */
export class OpenTools {
  readonly #byName = new Map<string, Set<OpenTool>>()
  #count = 0

  /** Gives back the way to end it. */
  open(observer: string, span: SpanRecord, name: string, own: unknown): () => void {
    if (this.#count >= MAX_OPEN) this.#dropOldest()
    const tool: OpenTool = { span, observer, own }
    let tools = this.#byName.get(name)
    if (tools === undefined) this.#byName.set(name, (tools = new Set()))
    tools.add(tool)
    this.#count++
    return () => this.#delete(name, tool)
  }

  /**
   * @param args what the function is called with; undefined when that is not told
   * @returns the span of the tool that it is
   */
  take(observer: string, name: string, args: readonly unknown[] | undefined): SpanRecord | undefined {
    // A framework that is asked where it is may tell of the tool only now.
    const here = currentSpan()
    const current = here?.standsIn ?? here
    const tools = this.#byName.get(name)
    if (tools === undefined) return undefined
    let found: OpenTool | undefined
    let isCalled = false
    for (const tool of tools) {
      if (tool.observer === observer || !tool.span.open) continue
      if (tool.span === current) {
        found = tool
        break
      }
      if (isCalled || (current !== undefined && !isWithin(tool.span, current))) continue
      isCalled = isCalledWith(tool, args)
      if (found === undefined || isCalled) found = tool
    }
    if (found !== undefined) this.#delete(name, found)
    return found?.span
  }

  #delete(name: string, tool: OpenTool): void {
    const tools = this.#byName.get(name)
    if (tools?.delete(tool) !== true) return
    this.#count--
    if (tools.size === 0) this.#byName.delete(name)
  }

  #dropOldest(): void {
    for (const [name, tools] of this.#byName) for (const tool of tools) return this.#delete(name, tool)
  }
}

function isCalledWith({ own }: OpenTool, args: readonly unknown[] | undefined): boolean {
  if (own === undefined || args === undefined) return false
  const text = typeof own === 'string' ? own : JSON.stringify(own)
  return text !== undefined && sameArguments(text, args)
}
