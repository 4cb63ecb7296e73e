import type { Detector } from './shared.ts'

/** LLM001: the run is mostly its LLM calls. */
export const llmShare: Detector = ({ timeline, wall, calls, thresholds }) => {
  const llm = calls.filter(({ isEmbedding }) => !isEmbedding)
  const onPath = llm.filter(({ span }) => wall[span]! > 0).sort((a, b) => wall[b.span]! - wall[a.span]!)
  const share = timeline.durationNs === 0 ? 0 : onPath.reduce((sum, { span }) => sum + wall[span]!, 0) / timeline.durationNs
  if (onPath.length === 0 || share < thresholds.llmShare) return []
  return [{
    code: 'LLM001',
    title: `LLM calls take ${Math.round(share * 100)} % of the run`,
    spanIds: onPath.map(({ summary }) => summary.spanId),
    advice: 'Fewer turns, shorter answers, a smaller model for the simple steps, and an unchanged prompt prefix that the '
      + "provider's cache can serve are what makes this run faster.",
  }]
}
