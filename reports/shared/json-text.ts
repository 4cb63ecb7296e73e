/**
 * JSON leaves these as they are, so that a name in a file that somebody prints could act on the terminal: DEL, the controls of
 * eight bits (among them a CSI), and what turns the order of reading.
 */
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The same JSON with nothing in it that acts on a terminal. Signs outside of texts are all ASCII, so only texts change. */
export const printable = (json: string): string =>
  json.replace(UNSAFE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
