/** The first signal ends it in good order; a second one as it would have without us. */
export const signalled = (): Promise<void> =>
  new Promise((done) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop)
      done()
    }
    for (const signal of SIGNALS) process.on(signal, stop)
  })

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
