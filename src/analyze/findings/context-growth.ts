import type { Detector } from './shared.ts'

/** A line through fewer turns, or one that explains less of their scatter, foretells nothing. */
const MIN_TURNS = 5
const MIN_FIT = 0.8

/** CTX005: a context that will be full before the conversation has gone on for as many turns again. */
export const growingContext: Detector = ({ context: { growth = [] }, calls }) => growth.flatMap(({ calls: numbers, tokensPerTurn, fit, turnsLeft }) => {
  if (turnsLeft === undefined || numbers.length < MIN_TURNS || fit < MIN_FIT || turnsLeft > numbers.length) return []
  return [{
    code: 'CTX005',
    title: `The context grows by ${Math.round(tokensPerTurn).toLocaleString('en-US')} tokens a turn and will be full `
      + `${turnsLeft === 0 ? 'with the next turn' : `${turnsLeft} ${turnsLeft === 1 ? 'turn' : 'turns'} after call ${numbers.at(-1)}`}`,
    spanIds: numbers.map((number) => calls[number - 1]!.summary.spanId),
    advice: 'Summarise the conversation once before that, or give long searches to a subagent that returns only what it found.',
  }]
})
