/** Light or dark: as the system says, until somebody chooses. The choice is kept where the browser lets it. */

export type Theme = 'light' | 'dark'
const KEY = 'spanwise-theme'

const listeners = new Set<() => void>()
const system = matchMedia('(prefers-color-scheme: dark)')

const currentTheme = (): Theme => (document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light')

export function startTheme(): void {
  apply(chosen() ?? fromSystem())
  system.addEventListener('change', () => apply(chosen() ?? fromSystem()))
}

export function toggleTheme(): void {
  const theme = currentTheme() === 'dark' ? 'light' : 'dark'
  remember(theme)
  apply(theme)
}

/** Canvases draw anew. @returns the way to stop */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const fromSystem = (): Theme => (system.matches ? 'dark' : 'light')

function apply(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  for (const listener of listeners) listener()
}

function chosen(): Theme | undefined {
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : undefined
  } catch {
    return undefined
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // A page from a file may not have a store; the choice then lasts as long as the page.
  }
}
