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
      // Too large to be installed for an example.
      { find: /^@anthropic-ai\/claude-agent-sdk$/, replacement: here('./test/support/claude-agent-sdk-stand-in.ts') },
      { find: /^@mastra\/(core\/\w+|observability)$/, replacement: here('./test/support/mastra-stand-in.ts') },
    ],
  },
  test: {
    testTimeout: 20_000,
    maxWorkers: 2,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/browser/**'] } },
      // A browser has processes of its own, which a busy machine may let wait: what fails is looked at a second time, and told.
      { extends: true, test: { name: 'browser', include: ['test/browser/**/*.test.ts'], retry: 1 } },
    ],
  },
})
