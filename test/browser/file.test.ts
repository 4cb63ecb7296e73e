import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { draw } from '../draw.ts'
import { THEMES, WIDTHS, drawn, expectNoAxeViolations, inBrowser, setTheme } from '../support/browser.ts'
import { demoHtml, demoTrace, expectNoSidewaysScrolling, expectView, openView, viewInAddress, viewsOf } from './pages.ts'

const html = demoHtml()

inBrowser('an HTML report', (desk) => {
  test.each(THEMES)('opens from disk without a network, and draws the run: %s', async (theme) => {
    const page = await desk.openFile(html, { theme })
    expect(await page.locator('h1').textContent()).toBe(demoTrace.name)
    expect(await page.title()).toBe(`${demoTrace.name} · Overview · Spanwise`)
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme)
    expect(await viewsOf(page)).toEqual(['overview', 'timeline', 'flame', 'what-if', 'context', 'calls', 'guide'])
  })

  describe('every view', () => {
    test.each(THEMES)('opens by click, with the arrow keys and by its number: %s', async (theme) => {
      const page = await desk.openFile(html, { theme })
      const views = await viewsOf(page)
      for (const id of views) {
        await openView(page, id)
        expect(viewInAddress(page)).toBe(id)
      }
      await page.locator('[role="tab"][aria-selected="true"]').focus()
      await page.keyboard.press('Home')
      for (const id of [...views, views[0]!]) {
        await expectView(page, id)
        expect(await page.evaluate(() => document.activeElement?.id)).toBe(`tab-${id}`)
        await page.keyboard.press('ArrowRight')
      }
      for (const [i, id] of views.entries()) {
        await page.keyboard.press(String(i + 1))
        await expectView(page, id)
      }
    })

    test('has nothing that axe objects to, on a desk and a phone, light and dark', async () => {
      const page = await desk.openFile(html)
      for (const id of await viewsOf(page)) {
        await openView(page, id)
        await expectNoAxeViolations(page)
      }
    }, 120_000)

    test.each(WIDTHS)('%s pixels wide: nothing makes the page itself scroll sideways', async (width) => {
      const page = await desk.openFile(html, { width })
      for (const id of await viewsOf(page)) {
        await openView(page, id)
        await expectNoSidewaysScrolling(page)
      }
    })

    test('can be left by the browser’s own back and forward', async () => {
      const page = await desk.openFile(html)
      const views = await viewsOf(page)
      for (const id of views.slice(1)) await openView(page, id)
      for (const id of views.slice(0, -1).toReversed()) {
        await page.goBack()
        await expectView(page, id)
      }
      for (const id of views.slice(1)) {
        await page.goForward()
        await expectView(page, id)
      }
    })

    test('shows a run of one span, and one that failed', async () => {
      for (const drawing of ['agent 0-100', 'agent 0-100 failed=Error:it_broke\n  llm 5-35 llm failed=Timeout:late', 'agent 0-0', 'agent 0-']) {
        const page = await desk.openFile(htmlReport(draw(drawing)))
        for (const id of await viewsOf(page)) await openView(page, id)
      }
    })
  })

  test('an address opens its view with its span, and keeps both when the view changes', async () => {
    const page = await desk.openFile(html, { hash: '#/timeline?span=3' })
    await expectView(page, 'timeline')
    await page.locator('.drawer').waitFor()
    await openView(page, 'overview')
    expect(page.url()).toContain('span=3')
  })

  test.each(['#/nothing', '#/timeline?span=99999', '#/timeline?span=x&finding=-1', '#/%E0%A4%A', '#/overview/../../x?__proto__=1', '#/guide/NOPE', '#/guide/__proto__'])(
    'an address of nothing is no failure: %s', async (hash) => {
      const page = await desk.openFile(html, { hash })
      await page.locator('#panel').waitFor()
      await drawn(page)
      expect(await page.locator('#panel').textContent()).not.toBe('')
    })

  test('light or dark, once chosen, is remembered', async () => {
    const page = await desk.openFile(html)
    await page.getByRole('button', { name: 'Light or dark' }).click()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    const again = await desk.openAgain(page)
    expect(await again.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await again.getByRole('button', { name: 'Light or dark' }).click()
    await again.reload()
    await again.locator('h1').waitFor()
    expect(await again.evaluate(() => document.documentElement.dataset['theme'])).toBe('light')
  })

  test('until then it follows the system', async () => {
    const page = await desk.openFile(html)
    for (const theme of ['dark', 'light'] as const) await setTheme(page, theme)
  })

  test('findings lead to where they can be seen', async () => {
    const page = await desk.openFile(html)
    const links: readonly (readonly [view: string, link: RegExp])[] = [['timeline', /^Show \d+ spans?$/], ['what-if', /^See the run without it$/], ['guide', /^How this is known$/]]
    for (const [view, name] of links) {
      const link = page.locator('.findings').first().getByRole('link', { name }).first()
      await link.click()
      await expectView(page, view)
      await page.goBack()
      await expectView(page, 'overview')
    }
  })

  describe('a file that is damaged says so', () => {
    test('also where it is the page that is damaged', async () => {
      const script = /id="page">([^<]*)</.exec(html)![1]!
      for (const damaged of [script.slice(0, 4_000), `${script.slice(0, 4_000)}${'A'.repeat(400)}${script.slice(4_400)}`, '?']) {
        const page = await desk.openFile(html.replace(script, damaged))
        await page.getByRole('heading', { name: /^This page is damaged, or the browser too old for it: .+/ }).waitFor()
      }
    })

    const data = /id="run">([^<]*)</.exec(html)![1]!
    test.each([
      ['cut short', data.slice(0, data.length / 2 - (data.length / 2) % 4)],
      ['no gzip', Buffer.from('hello').toString('base64')],
      ['no base64', '!!!!'],
      ['empty', ''],
      ['other bytes inside', `${data.slice(0, 400)}${'A'.repeat(400)}${data.slice(800)}`],
    ])('%s', async (_, damaged) => {
      const page = await desk.openFile(html.replace(data, damaged))
      await page.getByText('This file cannot be opened').waitFor()
      expect(await page.locator('main').textContent()).toMatch(/damaged: .+spanwise report -o run\.html/)
      await expectNoAxeViolations(page, ['light'])
    })
  })
})
