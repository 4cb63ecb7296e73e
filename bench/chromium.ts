import { existsSync } from 'node:fs'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']

/** The browser of tests and figures: named in `CHROMIUM`, or where systems put it; undefined where there is none. */
export const chromiumPath: string | undefined = process.env['CHROMIUM'] ?? PATHS.find((path) => existsSync(path))

/** Nothing of its own accord, and without a sandbox, which it cannot have as root in a container. */
export const CHROMIUM_ARGS: readonly string[] = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]
