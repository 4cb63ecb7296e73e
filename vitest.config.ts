import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { pagePlugin } from './viewer/build.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [pagePlugin()],
  resolve: {
    alias: [
      { find: /^spanwise$/, replacement: here('./src/index.ts') },
      { find: /^spanwise\/html$/, replacement: here('./viewer/html.ts') },
      { find: /^spanwise\/vitest$/, replacement: here('./src/vitest.ts') },
      { find: /^spanwise\/([\w-]+)$/, replacement: here('./adapters/$1.ts') },
    ],
  },
  test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, maxWorkers: 2, expect: { poll: { timeout: 15_000 } } },
})
