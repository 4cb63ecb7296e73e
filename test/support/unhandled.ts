/**
 * Runs `work` and tells which rejections nobody handled. Takes the place of the test runner's own listener, for which any of them fails
 * the run.
 */
export async function countUnhandled<T>(work: () => Promise<T>, describe: (error: unknown) => string = String): Promise<{ readonly result: T; readonly errors: readonly string[] }> {
  const before = process.listeners('unhandledRejection')
  const errors: string[] = []
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => errors.push(describe(error)))
  try {
    const result = await work()
    // They are reported once the microtasks of a turn are done.
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    return { result, errors }
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of before) process.on('unhandledRejection', listener)
  }
}
