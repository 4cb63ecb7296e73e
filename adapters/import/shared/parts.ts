import { hashPart, type Part } from '../../../src/model/message.ts'
import type { Trace } from '../../../src/model/span.ts'
import { lendTexts } from '../../../src/model/transient.ts'
import type { PartDraft } from '../../shared/otel/messages.ts'

const MAX_PARTS = 50_000

/** The distinct parts of a trace. Their texts are beside them: a trace does not record them. */
export class PartTable {
  readonly parts: Part[] = []
  readonly texts: string[] = []
  dropped = 0
  readonly #indexes = new Map<string, number>()

  indexes(drafts: readonly PartDraft[]): readonly number[] {
    return drafts.map((draft) => this.#index(draft)).filter((index) => index !== -1)
  }

  #index(draft: PartDraft): number {
    const hash = hashPart(draft)
    const key = `${hash} ${draft.callId ?? ''}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    if (this.parts.length >= MAX_PARTS) {
      this.dropped++
      return -1
    }
    const { kind, name, callId, media } = draft
    this.texts.push(draft.text)
    this.#indexes.set(key, this.parts.length)
    return this.parts.push({
      kind, hash, chars: draft.text.length,
      ...(name !== undefined && { name }),
      ...(callId !== undefined && { callId }),
      ...(media !== undefined && { media }),
    }) - 1
  }
}

/** The trace with what a limit left out of the table, and with its texts lent and not recorded. */
export function withTexts(trace: Trace, { dropped, texts }: PartTable): Trace {
  const whole = dropped === 0 ? trace : { ...trace, dropped: { ...trace.dropped, parts: dropped } }
  if (texts.length > 0) lendTexts(whole, (part) => texts[part])
  return whole
}
