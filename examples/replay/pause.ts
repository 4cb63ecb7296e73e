import { setTimeout as sleep } from 'node:timers/promises'

/** Waits that many milliseconds, longer or shorter by the scale it was made with. */
export type Pause = (ms: number) => Promise<void>

/** @param scale 1 is real time, 0.05 twenty times as fast, 0 no pauses at all */
export const scaledPause = (scale: number): Pause => async (ms) => {
  if (scale > 0) await sleep(ms * scale)
}
