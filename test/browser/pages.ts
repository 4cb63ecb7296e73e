import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { htmlReport } from 'spanwise/html'
import type { Trace } from '../../src/model/span.ts'
import { decodeTrace } from '../../src/trace-file/index.ts'
import { drawn } from '../support/browser.ts'
import { root } from '../support/source.ts'

export const demoTrace: Trace = decodeTrace(readFileSync(`${root}examples/demo-run.jsonl`, 'utf8')).traces[0]!
export const demoHtml = (): string => htmlReport(demoTrace)

/** Names of the views in the order of their tabs. */
export async function viewsOf(page: Page): Promise<string[]> {
  return await page.getByRole('tablist', { name: 'Views' }).getByRole('tab').evaluateAll((tabs) => tabs.map(({ id }) => id.replace(/^tab-/, '')))
}

/** Waits until the view is the current one and shows something. */
export async function expectView(page: Page, id: string): Promise<void> {
  await page.locator(`#tab-${id}[aria-selected="true"]`).waitFor()
  await page.waitForFunction(() => {
    const panel = document.querySelector('#panel')
    return panel !== null && (panel.textContent!.trim().length > 0 || panel.querySelector('canvas, svg') !== null)
  })
  await drawn(page)
}

export async function openView(page: Page, id: string): Promise<void> {
  await page.locator(`#tab-${id}`).click()
  await expectView(page, id)
}

export const viewInAddress = (page: Page): string => new URL(page.url()).hash.replace(/^#\//, '').replace(/[?/].*$/, '')

/** The page is no wider than the window: what is wide scrolls in a box of its own. */
export async function expectNoSidewaysScrolling(page: Page): Promise<void> {
  const [scrollWidth, clientWidth] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth] as const)
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth)
}

/** What stands behind the `?` of the address, but for the order: `q=x sort=cost`. */
export const queryOf = (page: Page): string => [...new URLSearchParams(page.url().split('?')[1])].map(([key, value]) => `${key}=${value}`).sort().join(' ')
