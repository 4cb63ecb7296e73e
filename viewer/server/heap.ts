import { setFlagsFromString } from 'node:v8'

/**
 * Of this process and its threads: the old generation is collected when it has grown by half, not when it is four times as large as
 * what lives in it. Under load that is 25 MB less for each thread; the analysis of a run of 100,000 spans takes a seventh more CPU, and
 * a quarter less memory.
 */
export const keepHeapLean = (): void => setFlagsFromString('--heap-growing-percent=50')
