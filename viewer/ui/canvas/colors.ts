import { onTheme } from '../app/theme.ts'

/** The theme's colours as a canvas needs them: read from the custom properties of styles/theme.css, anew when the theme changes. */
const known = new Map<string, string>()
onTheme(() => known.clear())

/** @param property such as `--ink` */
export function color(property: string): string {
  let value = known.get(property)
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(property).trim()
    known.set(property, value)
  }
  return value
}
