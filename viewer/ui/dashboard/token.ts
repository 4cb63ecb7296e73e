import { tokenIn } from './launch-link.ts'

/** The token of the launch: whoever has it may ask this server. It comes in the link that `spanwise ui` printed. */

/** Of the origin, port included, so it is this dashboard's alone. */
const KEY = 'spanwise-token'

let held: string | undefined

/** Takes it out of the address at once: addresses are shown, kept and sent. @returns whether there was one */
export function takeToken(): boolean {
  const found = tokenIn(location.hash)
  if (found === undefined) return false
  held = found.token
  history.replaceState(null, '', found.rest)
  try {
    localStorage.setItem(KEY, found.token)
  } catch {
    // It then lasts as long as the page.
  }
  return true
}

export function currentToken(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? held
  } catch {
    return held
  }
}
