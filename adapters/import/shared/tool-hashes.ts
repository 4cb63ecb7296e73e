import { hashText } from '../../../src/model/message.ts'
import type { ToolDetail } from '../../../src/model/span.ts'
import { jsonText } from '../../shared/json.ts'

/**
 * What tells whether a tool was run like that before, from a file that has the texts: hashes of them, as a recording has. The
 * texts themselves are not kept.
 * @param result undefined when none came
 */
export function toolHashes(args: unknown, result: unknown): Pick<ToolDetail, 'argumentsHash' | 'resultHash'> {
  return {
    ...(args !== undefined && { argumentsHash: hashText(jsonText(args)) }),
    ...(result !== undefined && { resultHash: hashText(jsonText(result)) }),
  }
}
