import { expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { htmlReport } from 'spanwise/html'
import type { Trace } from '../../src/model/span.ts'
import { draw } from '../draw.ts'
import { drawn, expectNoAxeViolations, inBrowser } from '../support/browser.ts'
import { expectNoSidewaysScrolling, expectView, openView, queryOf, viewsOf } from './pages.ts'

const ODD = 'odd/name?x=1&y#z'
const shop = draw(`
  agent 0-1000 failed=ShopError:the_shop_<b>is</b>_closed
    gpt 0-100 model=gpt-5-mini in=1000 out=50 asks=a#c1,b#c2
    a 100-400 tool call=c1 by=gpt
    b 400-700 tool call=c2 by=gpt
    ${ODD} 700-720 tool
    flaky 720-730 tool failed=Error:gone
    flaky 730-740 tool failed=Error:gone
    flaky 740-750 tool failed=Error:gone
`)
const place = (name: string): number => shop.spans.findIndex((span) => span.name === name)

const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true })
const findingOf = (page: Page, code: string): Locator => region(page, 'What to do').getByRole('listitem').filter({ hasText: code }).first()
const rowsOf = (box: Locator): Promise<string[]> => box.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent!.trim()).join(' | ')))
const drawer = (page: Page): Locator => page.locator('.drawer')
const facts = (page: Page): Promise<string[]> => page.locator('header .facts > div').allTextContents()

inBrowser('the overview', (desk) => {
  const html = htmlReport(shop)
  const open = (run: Trace | undefined = undefined): Promise<Page> => desk.openFile(run === undefined ? html : htmlReport(run))

  test('says what a finding saves and how sure that is, and leads to its spans, the run without it, and why', async () => {
    const page = await open()
    const finding = findingOf(page, 'PAR001')
    expect(await finding.locator('.title').textContent()).toBe('Run a and b together: one answer asked for both, and they ran one after another')
    expect(await finding.locator('.chip').allTextContents()).toEqual(['PAR001', 'proven'])
    expect(await finding.locator('.saves').textContent()).toBe('saves 300 ms')

    await finding.getByRole('link', { name: 'Show 2 spans' }).click()
    await expectView(page, 'timeline')
    expect(new URLSearchParams(page.url().split('?')[1]).get('finding')).toBe('0')
    expect(await region(page, 'Finding').textContent()).toMatch(/PAR001.*Run a and b together.*saves 300 ms/)
    const picture = async (): Promise<string> => {
      await drawn(page)
      return await page.getByRole('application', { name: 'Timeline of the run' }).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL())
    }
    const marked = await picture()
    await region(page, 'Finding').getByRole('button').click()
    await region(page, 'Finding').waitFor({ state: 'detached' })
    await expect.poll(picture).not.toBe(marked)

    await openView(page, 'overview')
    await finding.getByRole('link', { name: 'See the run without it' }).press('Enter')
    await expectView(page, 'what-if')
    await expect.poll(() => page.getByRole('checkbox', { name: /PAR001/ }).isChecked()).toBe(true)
    expect(await page.getByRole('checkbox', { name: /TOOL001/ }).count()).toBeGreaterThan(0)

    await page.goBack()
    await expectView(page, 'overview')
    await finding.getByRole('link', { name: 'How this is known' }).click()
    await expectView(page, 'guide')
    await expect.poll(() => page.locator('.guide article h2').textContent()).toContain('PAR001')
  })

  test('says what the run could take at best, and leads there', async () => {
    const page = await open()
    const best = region(page, 'What to do').locator('.card-head p')
    expect(await best.textContent()).toMatch(/^Started as early as it could be: 700 ms \(30 % less, 2 at once\), proven; at best 650 ms \(35 % less, 2 at once\), possible\. See it$/)
    await best.getByRole('link', { name: 'See it' }).click()
    await expectView(page, 'what-if')
  })

  test('lists operations by what the run waited for, and each leads to its spans', async () => {
    const page = await open()
    const operations = region(page, 'Slowest operations')
    const rows = await rowsOf(operations)
    expect(rows.map((row) => row.split(' | ').slice(0, 2).join(' '))).toEqual(['a 1', 'b 1', 'gpt 1', 'flaky 3 (3 failed)', `${ODD} 1`])
    expect(rows[0]).toMatch(/^a \| 1 \| 300 ms \| 30 % \| 300 ms \| 300 ms \| 150 ms$/)
    await operations.getByRole('link', { name: ODD }).click()
    await expectView(page, 'timeline')
    expect(queryOf(page)).toBe(`find=${ODD} span=${place(ODD)}`)
    await expect.poll(() => drawer(page).locator('#drawer-title').textContent()).toBe(ODD)
    expect(await page.getByRole('searchbox').inputValue()).toBe(ODD)
  })

  test('lists observations, which lead to their first span and to why', async () => {
    const page = await open()
    const observation = region(page, 'Observations').getByRole('listitem').filter({ hasText: 'flaky failed' })
    expect(await observation.textContent()).toContain('ERR001 flaky failed 3 times: Error: gone')
    await observation.getByRole('link', { name: 'Show the first of 3 spans' }).click()
    await expectView(page, 'timeline')
    await expect.poll(() => drawer(page).locator('#drawer-title').textContent()).toBe('flaky')
    expect(queryOf(page)).toBe(`span=${place('flaky')}`)
    await page.goBack()
    await expectView(page, 'overview')
    await observation.getByRole('link', { name: 'How this is known' }).click()
    await expectView(page, 'guide')
    await expect.poll(() => page.locator('.guide article h2').textContent()).toContain('ERR001')
  })

  test('says where the time went, and that it adds up', async () => {
    const page = await open()
    const times = region(page, 'Where the time went')
    const rows = await rowsOf(times)
    expect(rows.map((row) => row.split(' | ').slice(0, 4).join(' '))).toEqual(['tool 650 ms 65 % 650 ms', 'agent 250 ms 25 % 250 ms', 'llm 100 ms 10 % 100 ms'])
    expect(rows[0]).toMatch(/^tool .* \| 6 \| 3 \| – \| –$/)
    expect(await times.getByRole('img').getAttribute('aria-label')).toBe('tool 65 %, agent 25 %, llm 10 %')
  })

  test('of a failed run says so beside its name, with the error as text', async () => {
    const page = await open()
    const chip = page.locator('header .chip.bad')
    expect(await chip.textContent()).toBe('failed: ShopError')
    expect(await chip.getAttribute('title')).toBe('the shop <b>is</b> closed')
    expect(await facts(page)).toEqual(['Duration1.00 s', expect.stringMatching(/^Cost\$0\.000/), 'Tokens in1,000', 'Tokens out50', expect.stringMatching(/^Calls1 LLM 6 tools$/), 'Could take700 ms 30 % less, proven', 'Findings3'])
  })

  test('of a run that goes on says that it has not ended, and what was taken for its end', async () => {
    const page = await open(draw('agent 0-\n  gpt 5-35 model=gpt-5-mini in=100 out=10'))
    expect(await page.locator('header .chip.warn').textContent()).toBe('not ended')
    expect(await region(page, 'About these figures').locator('.note').allTextContents()).toEqual(['1 span had not ended; taken to end with the run'])
    for (const view of await viewsOf(page)) await openView(page, view)
  })

  test('names the problems of a recording', async () => {
    const page = await open({ ...draw('agent 0-100\n  gpt 5-35 model=house-model in=100 out=10'), dropped: { spans: 12, contentChars: 0, parts: 0 }, selfErrors: 2, process: { pid: 7, runtime: 'node <i>24</i>', platform: 'linux' } })
    const about = region(page, 'About these figures')
    expect((await about.locator('.note').allTextContents()).join('\n')).toMatch(/12 spans/)
    expect(await about.textContent()).toMatch(/12 spans dropped, 2 errors of its own/)
    expect(await about.textContent()).toContain('node <i>24</i> on linux, process 7')
    expect(await facts(page)).toContain('Costunknown')
  })

  test('of a run without findings says that nothing was found', async () => {
    const page = await open(draw('agent 0-100\n  plan 0-100 internal'))
    await page.getByText('Nothing found: no change that this run can show would save time, tokens or money.').waitFor()
    expect(await region(page, 'Observations').count()).toBe(0)
    expect(await region(page, 'What to do').getByRole('link').count()).toBe(0)
    expect(await facts(page)).toEqual(['Duration100 ms', 'Calls0 LLM', 'Findings0'])
    await expectNoAxeViolations(page, ['dark'])
  })

  test('of a run without spans says so, in every view', async () => {
    const page = await desk.openFile(htmlReport(draw('', { dropped: { spans: 5, contentChars: 0, parts: 0 } })), { hash: '#/overview?span=0&finding=0' })
    await page.getByText('No spans were recorded in this run.').waitFor()
    expect(await page.locator('#panel').textContent()).toMatch(/5 spans/)
    expect(await drawer(page).count()).toBe(0)
    for (const view of await viewsOf(page)) {
      await openView(page, view)
      await expectNoSidewaysScrolling(page)
    }
    await openView(page, 'overview')
    await expectNoAxeViolations(page, ['light'])
  })

  test('nothing recorded at all is a page of its own', async () => {
    const page = await desk.openFile(htmlReport(undefined))
    expect(await page.locator('h1').textContent()).toBe('Nothing was recorded')
  })

  test('axe has no objection, and a phone does not scroll sideways, with the drawer open', async () => {
    const page = await desk.openFile(html, { hash: `#/overview?span=${place('a')}` })
    await drawer(page).waitFor()
    await expectNoAxeViolations(page)
    await page.setViewportSize({ width: 390, height: 900 })
    await drawn(page)
    await expectNoSidewaysScrolling(page)
  })
})
