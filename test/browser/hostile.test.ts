import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { hostileFew, hostileStrings, hostileTrace } from '../support/hostile.ts'
import { drawn, inBrowser } from '../support/browser.ts'
import { openView, viewsOf } from './pages.ts'

/** What could act, hide or turn the order of reading, and has no business in what is shown. */
const UNSEEN = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

async function expectUntouched(page: Page): Promise<void> {
  const { pwned, polluted, scripts, handlers, unseen } = await page.evaluate((pattern) => {
    const all = [...document.querySelectorAll('*')]
    return {
      pwned: '__pwned' in window,
      polluted: [...Object.keys(Object.prototype), ...Object.keys(Array.prototype), ...Object.keys(Function.prototype), ...('polluted' in {} ? ['polluted'] : [])],
      scripts: all.filter((element) => /^(SCRIPT|IFRAME|OBJECT|EMBED|BASE|LINK|META|STYLE)$/i.test(element.tagName)).length,
      handlers: all.filter((element) => element.getAttributeNames().some((name) => /^on|^(src|srcset|srcdoc|action|formaction|ping)$/i.test(name))
        || /^(?!#)/.test(element.getAttribute('href') ?? '#')).map((element) => element.outerHTML.slice(0, 200)),
      unseen: all.flatMap((element) => [...element.getAttributeNames().map((name) => element.getAttribute(name)!), ...[...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.nodeValue ?? '')])
        .filter((text) => new RegExp(pattern, 'u').test(text)).map((text) => JSON.stringify(text).slice(0, 200)).slice(0, 5),
    }
  }, UNSEEN.source)
  // Five of its own: metadata, its style and three scripts, of which the last is the page's, put in by the one before.
  expect({ pwned, polluted, handlers, unseen }).toEqual({ pwned: false, polluted: [], handlers: [], unseen: [] })
  expect(scripts).toBe(ownElements)
}

/** meta ×5, style, the data, the packed script, the starter, and the script that it puts in. */
const ownElements = 5 + 1 + 4

/** Points at whatever is drawn or can be pressed, and presses it. */
async function pointAtEverything(page: Page): Promise<void> {
  const canvases = page.locator('#panel canvas:visible')
  // Pressing can take one away.
  for (let i = 0; i < await canvases.count(); i++) {
    const box = await canvases.nth(i).boundingBox()
    if (box === null) continue
    for (let x = 0.03; x < 1; x += 0.1) for (let y = 8; y < Math.min(box.height, 360); y += 32) await page.mouse.move(box.x + box.width * x, box.y + y)
    await canvases.nth(i).focus()
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await drawn(page)
    await expectUntouched(page)
  }
}

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
  }, 60_000)
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
        const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve))
        for (let i = first; i < last; i++) {
          location.hash = `#/guide/privacy?span=${i}`
          await frame()
          for (const closed of document.querySelectorAll('.drawer details:not([open]) > summary, .drawer button[aria-expanded="false"]')) (closed as HTMLElement).click()
          await frame()
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
  }, 60_000)

  test.each(hostileFew.map((text) => [JSON.stringify(text).slice(0, 60), text]))('a run, its service, tags and file are called %s', async (_, text) => {
    const page = await desk.openFile(htmlReport(hostileTrace([text])))
    await expectUntouched(page)
    expect(await page.title()).not.toMatch(UNSEEN)
  })
})
