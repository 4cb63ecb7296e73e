/** Moments as the browser's field for date and time has them: `2026-03-01T09:30`, in the local time zone. */

const two = (value: number): string => String(value).padStart(2, '0')

export function localText(epochMs: number | undefined): string {
  if (epochMs === undefined) return ''
  const date = new Date(epochMs)
  if (Number.isNaN(date.getTime())) return ''
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}

export function momentOfLocal(text: string): number | undefined {
  const moment = text === '' ? NaN : new Date(text).getTime()
  return Number.isNaN(moment) ? undefined : moment
}
