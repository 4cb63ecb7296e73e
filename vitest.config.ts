import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^spanwise$/, replacement: here('./src/index.ts') },
      { find: /^spanwise\/vitest$/, replacement: here('./src/vitest.ts') },
      { find: /^spanwise\/([\w-]+)$/, replacement: here('./adapters/$1.ts') },
    ],
  },
  test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, maxWorkers: 2 },
})
