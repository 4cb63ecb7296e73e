/** Moments for people, in their own language and time zone. */

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const short = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

export const formatMoment = (epochMs: number): string => (isMoment(epochMs) ? full.format(epochMs) : 'unknown')
export const formatShortMoment = (epochMs: number): string => (isMoment(epochMs) ? short.format(epochMs) : 'unknown')

const isMoment = (epochMs: number): boolean => Number.isFinite(epochMs) && Math.abs(epochMs) < 8.64e15 && epochMs > 0
