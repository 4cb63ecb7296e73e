import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeTrace } from '../../src/trace-file/index.ts'
import { draw } from '../draw.ts'
import { drawn, expectNoAxeViolations, inBrowser, setTheme, type BrowserDesk } from '../support/browser.ts'
import { Board, TOKEN } from '../support/dashboard.ts'
import { hostileFew } from '../support/hostile.ts'
import { expectNoSidewaysScrolling, openView } from './pages.ts'

const idOf = (i: number): string => (i + 1).toString(16).padStart(8, '0').repeat(4)
const START = Date.UTC(2026, 10, 1)

let board: Board

/** Twelve runs an hour apart, of two versions: the second is slower. */
function recordRuns(count = 12): void {
  for (let i = 0; i < count; i++) {
    const isNew = i % 2 === 1
    const ms = (isNew ? 260 : 130) + i
    board.record(`
      agent 0-${ms + 40}
        llm 5-${ms} llm model=gpt-4o-mini in=1200 out=80 asks=search#c1
        search ${ms}-${ms + 30} tool call=c1 by=llm
    `, {
      id: idOf(i), name: i % 3 === 0 ? 'triage' : 'research', service: 'support', tags: { version: isNew ? '2' : '1' }, startedAtEpochMs: START + i * 3_600_000,
    })
  }
}

const apiOf = (url: string): boolean => new URL(url).pathname.startsWith('/api/')

/** Starts the server over what has been recorded. */
async function openBoard(desk: BrowserDesk, hash = ''): Promise<Page> {
  await board.start()
  return await desk.openUrl(board.base, { hash: `#token=${TOKEN}${hash === '' ? '' : `&${hash}`}`, mayAsk: apiOf })
}

const names = (page: Page): Promise<string[]> => page.locator('.run-link').allTextContents()
const hashOf = (page: Page): string => new URL(page.url()).hash
const count = (page: Page, text: string): Promise<void> => page.locator('.list-head', { hasText: text }).waitFor()

beforeEach(() => {
  board = new Board()
})
afterEach(async () => {
  await board.close()
  board.remove()
})

inBrowser('the dashboard', (desk) => {
  describe('access', () => {
    test('the token leaves the address at once and is kept for the next time', async () => {
      recordRuns(2)
      const page = await openBoard(desk)
      await count(page, '2 runs')
      expect(hashOf(page)).toBe('#/runs')
      await page.reload()
      await count(page, '2 runs')
      expect(await page.evaluate(() => document.body.innerHTML)).not.toContain(TOKEN)
    })

    test('without a token, or with another, the page says which link to open; the link works in the open page', async () => {
      recordRuns(1)
      await board.start()
      const page = await desk.openUrl(board.base, { mayAsk: apiOf })
      expect(await page.textContent('h1')).toBe('Open the link that was printed')
      const refused = page.waitForResponse((response) => response.status() === 401)
      await page.evaluate(() => { location.hash = '#token=wrong' })
      await page.waitForFunction(() => location.hash === '#/runs')
      await refused
      await page.locator('h1').waitFor()
      expect(await page.textContent('h1')).toBe('Open the link that was printed')
      expect(desk.takeProblems().every((problem) => problem.includes('401'))).toBe(true)
      await page.evaluate((token) => { location.hash = `#token=${token}` }, TOKEN)
      await count(page, '1 run')
    })

    test('a server that was stopped is said to be, and found again', async () => {
      recordRuns(2)
      const page = await openBoard(desk)
      await count(page, '2 runs')
      const port = Number(new URL(board.base).port)
      await board.close()
      await page.locator('.stopped').waitFor()
      expect(await names(page)).toHaveLength(2)
      recordRuns(3)
      await board.start({ port })
      await page.getByRole('button', { name: 'Try now' }).click()
      await page.locator('.stopped').waitFor({ state: 'detached' })
      await count(page, '3 runs')
      desk.takeProblems()
    }, 30_000)
  })

  describe('the list', () => {
    test('is searched and narrowed down, all of it in the address', async () => {
      recordRuns()
      const page = await openBoard(desk)
      await count(page, '12 runs')
      await page.keyboard.press('/')
      await page.keyboard.type('triage')
      await count(page, '4 runs fit')
      await page.getByRole('button', { name: 'Tag', exact: true }).click()
      await page.getByLabel('version=1').click()
      await count(page, '2 runs fit')
      await page.getByLabel('version=2').click()
      await count(page, '4 runs fit')
      await page.keyboard.press('Escape')
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Tag')
      await page.getByRole('button', { name: 'Remove the filter Tag: version=2' }).click()
      await count(page, '2 runs fit')
      expect(hashOf(page)).toBe('#/runs?q=triage&tag=version%3D1')
      const again = await desk.openUrl(board.base, { hash: `#token=${TOKEN}&${hashOf(page).slice(1)}`, mayAsk: apiOf })
      await count(again, '2 runs fit')
      await page.goBack()
      await count(page, '4 runs fit')
      await page.getByRole('button', { name: 'Clear all' }).click()
      await count(page, '12 runs')
    })

    test('is sorted by its heads', async () => {
      recordRuns()
      const page = await openBoard(desk)
      await count(page, '12 runs')
      const durations = (): Promise<number[]> => page.locator('.cell-duration > .line').allTextContents().then((texts) => texts.map((text) => Number.parseFloat(text)))
      await page.getByRole('button', { name: 'Duration' }).click()
      await page.locator('[aria-sort="descending"]', { hasText: 'Duration' }).waitFor()
      await page.waitForFunction(() => document.querySelector('.cell-duration .line')?.textContent?.startsWith('311'))
      const down = await durations()
      expect(down).toEqual([...down].sort((a, b) => b - a))
      await page.getByRole('button', { name: 'Duration' }).click()
      await page.waitForFunction(() => document.querySelector('.runs-body .cell-duration .line')?.textContent?.startsWith('170'))
      expect(hashOf(page)).toBe('#/runs?sort=duration')
    })

    test('shows runs as they come, and leaves focus, choice and place alone', async () => {
      recordRuns()
      const page = await openBoard(desk)
      await count(page, '12 runs')
      await page.locator('.run-link').nth(2).focus()
      const before = await page.evaluate(() => (document.activeElement as HTMLAnchorElement).href)
      await page.locator('.runs-body input').nth(3).check()
      await page.locator('.run-link').nth(2).focus()
      board.record('agent 0-50', { id: idOf(50), name: 'newcomer', startedAtEpochMs: START + 1e9 })
      await count(page, '13 runs')
      expect((await names(page))[0]).toBe('newcomer')
      expect(await page.evaluate(() => (document.activeElement as HTMLAnchorElement).href)).toBe(before)
      expect(await page.locator('.runs-body [data-chosen]').count()).toBe(1)
      await page.keyboard.press('ArrowDown')
      expect(await page.evaluate(() => (document.activeElement as HTMLAnchorElement).href)).not.toBe(before)
    })

    test('asks before it deletes', async () => {
      recordRuns(3)
      const page = await openBoard(desk)
      await count(page, '3 runs')
      await page.locator('.runs-body input').first().check()
      await page.getByRole('button', { name: 'Delete …' }).click()
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await count(page, '3 runs')
      await page.getByRole('button', { name: 'Delete …' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await count(page, '2 runs')
      expect(await page.locator('.selection-bar').count()).toBe(0)
    })

    test('without any run says how to get one', async () => {
      const page = await openBoard(desk)
      await page.getByText('No runs yet').waitFor()
      await page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${board.started.receiverUrl ?? ''}`).waitFor()
      await expectNoAxeViolations(page)
    })

    test('names that mean harm are text', async () => {
      hostileFew.slice(0, 20).forEach((name, i) => board.record('agent 0-10', { id: idOf(i), name, service: name, tags: { [name]: name } }))
      const page = await openBoard(desk)
      await count(page, 'runs')
      for (const hash of ['#/runs', '#/statistics', `#/compare?base.q=${encodeURIComponent(hostileFew[0]!)}`]) {
        await page.evaluate((to) => { location.hash = to }, hash)
        await page.getByRole('button', { name: 'Tag', exact: true }).first().waitFor()
        await drawn(page)
        expect(await page.evaluate(() => '__pwned' in window)).toBe(false)
        for (const menu of ['Name', 'Tag']) {
          await page.getByRole('button', { name: menu, exact: true }).first().click()
          await drawn(page)
          await page.keyboard.press('Escape')
        }
      }
      expect(await page.evaluate(() => '__pwned' in window)).toBe(false)
    })
  })

  describe('a run', () => {
    test('opens from the list with all its views, is exported and shared', async () => {
      recordRuns(2)
      const page = await openBoard(desk)
      await page.locator('.run-link').first().click()
      await page.locator('.run-actions').waitFor()
      await openView(page, 'timeline')
      expect(hashOf(page)).toMatch(/^#\/runs\/[\w-]+\/timeline/)
      await page.getByRole('button', { name: 'Export' }).click()
      const [exported] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'speedscope' }).click()])
      expect(exported.suggestedFilename()).toMatch(/\.speedscope\.json$/)
      const [shared] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Share' }).click()])
      expect(shared.suggestedFilename()).toMatch(/\.html$/)
      desk.takeProblems()
    })

    test('that goes on is read anew, under the view and the span that are looked at', async () => {
      const write = (drawing: string): string => board.write(`2026-11-01_10-20-30_${idOf(0).slice(0, 12)}.spanwise.jsonl`, encodeTrace({ ...draw(drawing, { name: 'going on' }), id: idOf(0) }))
      write('agent 0-\n  llm 5-35 llm model=gpt-4o-mini in=10 out=5')
      const page = await openBoard(desk)
      await page.locator('.run-link').first().click()
      await page.locator('.run-actions').waitFor()
      await openView(page, 'calls')
      await page.evaluate(() => { location.hash += '?span=1' })
      await page.locator('.drawer').waitFor()
      write('agent 0-900\n  llm 5-35 llm model=gpt-4o-mini in=10 out=5\n  again 40-890 llm model=gpt-4o-mini in=10 out=5')
      await page.locator('.fact dd', { hasText: '900 ms' }).waitFor()
      expect(hashOf(page)).toMatch(/\/calls\?span=1$/)
      expect(await page.locator('.drawer').count()).toBe(1)
    })
  })

  test('statistics: figures over time by keyboard and as a table', async () => {
    recordRuns()
    const page = await openBoard(desk, '/statistics')
    await page.locator('.series canvas').waitFor()
    await page.locator('.series-box').focus()
    await page.keyboard.press('ArrowRight')
    await page.locator('.series-at', { hasText: '1 run;' }).waitFor()
    const first = await page.textContent('.series-at')
    await page.keyboard.press('ArrowRight')
    await page.waitForFunction((before) => document.querySelector('.series-at')?.textContent !== before, first)
    await setTheme(page, 'dark')
    await page.getByRole('radio', { name: 'Cost' }).click()
    await drawn(page)
    await page.getByRole('button', { name: 'Table' }).click()
    expect(await page.getByRole('table', { name: 'Cost over time' }).getByRole('row').count()).toBe(13)
    await page.getByRole('table', { name: 'Cost over time' }).getByRole('link').first().click()
    await count(page, '1 run fits')
    await page.getByRole('navigation').getByRole('link', { name: 'Statistics' }).click()
    await page.locator('.tile', { hasText: 'Runs' }).getByText('1', { exact: true }).waitFor()
  })

  describe('compare', () => {
    test('two runs that were chosen: span by span, and the other way round', async () => {
      recordRuns()
      const page = await openBoard(desk)
      await count(page, '12 runs')
      await page.locator('.runs-body input').nth(0).check()
      await page.locator('.runs-body input').nth(1).check()
      await page.getByRole('button', { name: 'Compare', exact: true }).click()
      await page.getByRole('heading', { name: 'No verdict' }).waitFor()
      const span = page.getByRole('table', { name: 'Span by span' }).getByRole('link').first()
      const name = (await span.textContent())!
      await span.click()
      await page.waitForFunction((wanted) => document.querySelector<HTMLInputElement>('.timeline-find input')?.value === wanted, name)
      await page.goBack()
      await page.getByRole('heading', { name: 'No verdict' }).waitFor()
      const before = hashOf(page)
      await page.getByRole('button', { name: 'Swap' }).click()
      await page.waitForFunction((hash) => location.hash !== hash, before)
      expect(new URLSearchParams(hashOf(page).split('?')[1]).get('base')).toBe(new URLSearchParams(before.split('?')[1]).get('new'))
      await page.getByRole('button', { name: /to new$/ }).click()
      await page.getByText('Choose runs for both sides').waitFor()
    })

    test('two filters: the verdict, what explains it, and nothing that axe objects to', async () => {
      recordRuns()
      const page = await openBoard(desk, '/compare')
      for (const [side, value] of [['Base', '1'], ['New', '2']] as const) {
        const card = page.locator('.side', { has: page.getByRole('heading', { name: side }) })
        await card.getByRole('button', { name: 'Tag', exact: true }).click()
        await card.getByLabel(`version=${value}`).click()
        await page.keyboard.press('Escape')
      }
      await page.getByRole('heading', { name: 'Regression' }).waitFor()
      expect(hashOf(page)).toBe('#/compare?base.tag=version%3D1&new.tag=version%3D2')
      await page.getByRole('heading', { name: /^What explains \+/ }).waitFor()
      await page.locator('canvas').first().waitFor()
      await expectNoAxeViolations(page)
    }, 60_000)
  })

  test.each(['/runs', '/statistics'])('%s: nothing that axe objects to, and no page that scrolls sideways', async (path) => {
    recordRuns(5)
    const page = await openBoard(desk, path)
    await (path === '/runs' ? count(page, '5 runs') : page.locator('canvas').first().waitFor())
    await drawn(page)
    await expectNoAxeViolations(page)
    await page.setViewportSize({ width: 390, height: 800 })
    await drawn(page)
    await expectNoSidewaysScrolling(page)
  }, 60_000)
})
