/**
 * Turns the records of an old version into those of the next one. Number n in the list upgrades version n + 1; a record goes
 * through all that follow its version. The frame of a line (frame.ts) is the same in every version.
 */
export type Upgrader = (record: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>

/** Empty: version 1 is the first. */
export const upgraders: readonly Upgrader[] = []
