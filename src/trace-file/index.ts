export { maskSecrets } from './detectors.ts'
export { encodeLines, encodeTrace, RunEncoder, type EndedSpan } from './encode.ts'
export { decodeTrace, TraceDecoder, type Decoded } from './decode.ts'
export { markSafe, redactTrace, Redactor, safeTrace, type ContentPolicy } from './redact.ts'
