/** Spans and log records as they are written down: OTLP's JSON with nothing that is not read again. */
export interface WireAttribute {
  readonly key: string
  readonly value: WireValue
}

export type WireValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string | number }
  | { readonly doubleValue: number | string }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values: readonly WireValue[] } }
  | { readonly kvlistValue: { readonly values: readonly WireAttribute[] } }

export interface WireSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind?: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano?: string
  readonly attributes: readonly WireAttribute[]
  readonly events?: readonly { readonly timeUnixNano?: string; readonly name: string; readonly attributes: readonly WireAttribute[] }[]
  readonly links?: readonly { readonly traceId?: string; readonly spanId: string; readonly attributes: readonly WireAttribute[] }[]
  readonly status?: { readonly code: number; readonly message?: string }
}

export interface WireLog {
  readonly traceId: string
  readonly spanId: string
  readonly timeUnixNano?: string
  readonly eventName?: string
  readonly attributes: readonly WireAttribute[]
  readonly body?: WireValue
}

export interface WireScope {
  readonly name: string
  readonly version?: string
}

/** What one request says of one trace, by where it comes from. */
export interface WireGroup {
  readonly resource: readonly WireAttribute[]
  readonly scope: WireScope | undefined
  readonly spans: WireSpan[]
  readonly logs: WireLog[]
}
