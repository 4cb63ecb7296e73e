import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { otlpReport } from '../../reports/otlp.ts'
import { analyze } from '../../src/analyze/index.ts'
import { encodeTrace } from '../../src/trace-file/index.ts'
import type { RunList } from '../../viewer/api.ts'
import { drawn, inBrowser, type BrowserDesk } from '../support/browser.ts'
import { Board, TOKEN } from '../support/dashboard.ts'
import { hostileFew, hostileStrings, hostileTrace } from '../support/hostile.ts'
import { openView, viewsOf } from './pages.ts'
import { expectUntouched, pointAtEverything } from './untouched.ts'

const idOf = (number: number): string => number.toString(16).padStart(32, '0')
/** As a file may be called at most; those that begin with a dot are hidden, and not read. */
const fileName = (text: string, i: number): string => `run ${Buffer.from(text.replace(/[/\0]/g, '_')).subarray(0, 120).toString('utf8')}${i}.spanwise.jsonl`

let board: Board
beforeAll(async () => {
  board = new Board()
  hostileStrings.forEach((text, i) => board.write(fileName(text, i), encodeTrace(hostileTrace([text], idOf(i + 1)))))
  board.write('all.spanwise.jsonl', encodeTrace(hostileTrace(hostileStrings, idOf(5_000))))
  await board.start()
  for (const [i, text] of [...hostileFew, undefined].entries()) {
    const trace = hostileTrace(text === undefined ? hostileStrings : [text], idOf(6_000 + i))
    const body = otlpReport.renderTrace!(trace, analyze(trace), {}) as string
    expect((await board.otlp('/v1/traces', { headers: { 'Content-Type': 'application/json' }, body })).status).toBe(200)
  }
  await board.dashboard.store.settled()
}, 120_000)
afterAll(async () => {
  await board.close()
  board.remove()
})

async function open(desk: BrowserDesk, hash = ''): Promise<Page> {
  return await desk.openUrl(board.base, { hash: `#token=${TOKEN}${hash === '' ? '' : `&${hash}`}`, mayAsk: (url) => new URL(url).pathname.startsWith('/api/') })
}

const runs = async (query: string): Promise<RunList> => (await board.api(`runs?limit=500&${query}`)).json<RunList>()

inBrowser('a dashboard in which every text means harm', (desk) => {
  test('has taken all of it', async () => {
    const { total } = await runs('')
    expect(total).toBe(hostileStrings.length + 1 + hostileFew.length + 1)
  })

  test.each(['/runs', '/runs?sort=name', '/statistics', '/compare', '/guide'])('%s, and what opens there', async (path) => {
    const page = await open(desk, path)
    await page.waitForLoadState('load')
    await drawn(page)
    for (const button of await page.locator('button[aria-haspopup="true"]:visible').all()) {
      await button.click()
      await drawn(page)
      await expectUntouched(page)
      await page.keyboard.press('Escape')
    }
    for (let y = 0; y < 12; y++) {
      await page.mouse.move(300, 450)
      await page.mouse.wheel(0, 900)
      await drawn(page)
    }
    await expectUntouched(page)
  })

  test('every word of it as a filter, and in a comparison', async () => {
    // What is no run's key is refused by the server, and the console says so.
    desk.expecting(/^console: Failed to load resource: .* (400|404) /)
    const page = await open(desk)
    for (const text of hostileFew) {
      const word = encodeURIComponent(text.slice(0, 200))
      for (const hash of [`#/runs?q=${word}&name=${word}&tag=${word}&sort=${word}`, `#/compare?base.q=${word}&new.name=${word}`, `#/runs/${word}/${word}?span=${word}`]) {
        await page.evaluate((next) => { location.hash = next }, hash)
        await drawn(page)
      }
      await expectUntouched(page)
    }
  })

  test.each(['recorded', 'received'] as const)('a run that was %s, in every view', async (source) => {
    const { runs: [largest] } = { runs: (await runs('sort=-spans')).runs.filter((run) => run.source === source) }
    const page = await open(desk, `/runs/${largest!.key}`)
    for (const view of await viewsOf(page)) {
      await openView(page, view)
      await expectUntouched(page)
      await pointAtEverything(page)
      await page.keyboard.press('Escape')
    }
  }, 120_000)
})
