import { findConfig } from '../config/find.ts'
import type { AnalyzeOptions } from '../analyze/options.ts'
import { Complaint, type Io } from './command.ts'

/**
 * The process with the configuration file that belongs to where it runs. What reads the file is loaded when there is one.
 * @throws Complaint when it cannot be used
 */
export async function withConfig(io: Io): Promise<Io> {
  const file = findConfig(io.cwd, io.env['SPANWISE_CONFIG'])
  if (file === undefined) return io
  const { loadConfig } = await import('../config/load.ts')
  try {
    const { config } = await loadConfig({ cwd: io.cwd, file })
    // Getters stay what they are: to read one may make a stream.
    return Object.defineProperties({ config } as Io, Object.getOwnPropertyDescriptors(io))
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConfigError') throw error
    throw new Complaint(error.message, 'docs/configuration.md lists the options; SPANWISE_CONFIG=0 does without the file')
  }
}

/** What the configuration says of the analysis. */
export const analysisOptions = ({ config = {} }: Pick<Io, 'config'>): AnalyzeOptions => {
  const { thresholds, prices, windows, tokens } = config
  return { thresholds, prices, windows, tokens }
}
