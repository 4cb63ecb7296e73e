import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { hostileFew, hostileStrings, hostileTrace } from '../support/hostile.ts'
import { drawn, inBrowser } from '../support/browser.ts'
import { openView, viewsOf } from './pages.ts'
import { expectUntouched, pointAtEverything, UNSEEN } from './untouched.ts'

describe('the corpus', () => {
  test('has 200 strings and more', () => {
    expect(new Set(hostileStrings).size).toBeGreaterThanOrEqual(200)
  })

  test('none of it ends the data or the title of a file, whatever is called so', () => {
    for (const text of hostileStrings) {
      const html = htmlReport(hostileTrace([text]))
      expect(html.match(/<\/?script/gi)).toHaveLength(6)
      expect(html.match(/<\/?title/gi)).toHaveLength(2)
      expect(html.match(/<!--|]]>/g)).toBeNull()
    }
  })
})

inBrowser('a file in which every text means harm', (desk) => {
  const html = htmlReport(hostileTrace())

  test('every view of it, its tooltips and keys', async () => {
    const page = await desk.openFile(html)
    for (const view of await viewsOf(page)) {
      await openView(page, view)
      await expectUntouched(page)
      await pointAtEverything(page)
      await page.keyboard.press('Escape')
    }
  }, 120_000)

  test('the details of every span', async () => {
    const page = await desk.openFile(html, { hash: '#/overview?span=0' })
    await page.locator('.drawer').waitFor()
    const spans = hostileStrings.length * 2 + 1
    for (let from = 0; from < spans; from += 50) {
      await page.evaluate(async ([first, last]) => {
        for (let i = first; i < last; i++) {
          const changed = new Promise((resolve) => { addEventListener('hashchange', resolve, { once: true }) })
          location.hash = `#/guide/privacy?span=${i}`
          await changed
          await new Promise((resolve) => { setTimeout(resolve) })
          for (const closed of document.querySelectorAll('.drawer details:not([open]) > summary, .drawer button[aria-expanded="false"]')) (closed as HTMLElement).click()
          await new Promise((resolve) => { requestAnimationFrame(resolve) })
        }
      }, [from, Math.min(from + 50, spans)] as const)
      await expectUntouched(page)
    }
  }, 120_000)

  test('its words in searches and addresses', async () => {
    const page = await desk.openFile(html)
    for (const text of hostileFew) {
      await page.evaluate((search) => { location.hash = `#/calls?q=${encodeURIComponent(search)}&search=${encodeURIComponent(search)}&sort=${encodeURIComponent(search)}` }, text.slice(0, 500))
      await drawn(page)
      await page.evaluate((search) => { location.hash = `#/${encodeURIComponent(search)}/${encodeURIComponent(search)}?${encodeURIComponent(search)}=${encodeURIComponent(search)}` }, text.slice(0, 500))
      await drawn(page)
      await expectUntouched(page)
    }
  })

  test.each(hostileFew.map((text) => [JSON.stringify(text).slice(0, 60), text]))('a run, its service, tags and file are called %s', async (_, text) => {
    const page = await desk.openFile(htmlReport(hostileTrace([text])))
    await expectUntouched(page)
    expect(await page.title()).not.toMatch(UNSEEN)
  })
})
