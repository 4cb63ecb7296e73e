export { encodeTrace, RunEncoder } from './encode.ts'
export { decodeTrace } from './decode.ts'
export { redactTrace, Redactor, type ContentPolicy } from './redact.ts'
