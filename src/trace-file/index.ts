export { maskSecrets } from './detectors.ts'
export { encodeTrace, RunEncoder } from './encode.ts'
export { decodeTrace, TraceDecoder, type Decoded, type Problem } from './decode.ts'
export { markSafe, redactTrace, Redactor, safeTrace, type ContentPolicy } from './redact.ts'
