/** Whether `args` are what `text` says, as one object, as the text, or spread over parameters. */
export function sameArguments(text: string, args: readonly unknown[]): boolean {
  try {
    const wanted = canonical(JSON.parse(text))
    // Tools take the arguments as one object, as the text they came in, or spread over parameters.
    return args.some((arg) => arg === text || canonical(arg) === wanted)
      || (args.length > 1 && canonical(Object.values(JSON.parse(text))) === canonical(args))
  } catch {
    return false
  }
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field) ?? ''
}
