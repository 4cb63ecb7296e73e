/**
 * The same number, as the engine keeps a small whole one: in the field itself. What comes from an array of floats is an object of
 * 16 bytes for each field that has it.
 */
export const compact = (value: number): number => ((value | 0) === value ? value | 0 : value)
