import type { Detector } from './shared.ts'

/** CTX001: a call filled its model's context window past the threshold. */
export const fullContext: Detector = ({ context, thresholds }) => {
  if (context.warning === undefined) return []
  return [{
    code: 'CTX001',
    title: `Context past ${Math.round(thresholds.contextShare * 100)} %: ${context.warning}`,
    spanIds: context.calls.filter(({ share = 0 }) => share > thresholds.contextShare).map(({ spanId }) => spanId),
    advice: 'Summarise or drop old turns and long tool results before the window is full; answers tend to get worse and slower '
      + 'well before that.',
  }]
}
