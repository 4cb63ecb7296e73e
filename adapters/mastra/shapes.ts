import { fields, text, type Fields } from '../shared/json.ts'

/**
 * What Mastra hands to an exporter, as far as it is read here. Declared, not imported: the shapes of `@mastra/core` 1.x and of the
 * `ai-tracing` before it are the same but for what is absent.
 */
export interface MastraEvent {
  /** `span_started`, `span_updated`, `span_ended`. */
  readonly type: string
  readonly exportedSpan: MastraSpan
}

export interface MastraSpan {
  readonly id: string
  readonly parentSpanId?: string | undefined
  readonly name: string
  readonly type: string
  readonly entityId?: string | undefined
  readonly entityName?: string | undefined
  readonly startTime: Date
  readonly endTime?: Date | undefined
  readonly attributes?: unknown
  readonly metadata?: unknown
  readonly input?: unknown
  readonly output?: unknown
  readonly errorInfo?: { readonly message: string; readonly name?: string | undefined; readonly id?: string | undefined } | undefined
  /** Has no length, and only its end is told. */
  readonly isEvent?: boolean | undefined
}

export const attributesOf = (span: MastraSpan): Fields => fields(span.attributes) ?? {}

/** `tool: 'calculator'` is `calculator`, and `mcp_tool: 'read' on 'files'` is `read`. */
export function nameOf({ name, entityName, entityId }: MastraSpan): string {
  const [, quoted] = /: '(.+?)'(?: on '.*')?$/.exec(name) ?? []
  return text(entityName) ?? quoted ?? text(entityId) ?? name
}

export const timeOf = (date: Date | undefined): number => (date instanceof Date ? date.getTime() : Date.now())
