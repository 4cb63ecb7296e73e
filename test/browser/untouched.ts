import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { drawn } from '../support/browser.ts'

/** What could act, hide or turn the order of reading, and has no business in what is shown. */
export const UNSEEN = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

/** Nothing of the corpus has acted, and nothing of it stands in the document as anything but text. */
export async function expectUntouched(page: Page): Promise<void> {
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
  expect({ pwned, polluted, handlers, unseen }).toEqual({ pwned: false, polluted: [], handlers: [], unseen: [] })
  // Six of metadata, the style, the packed script, what unpacks it and what it unpacks; in a file also its data.
  expect(scripts).toBe(page.url().startsWith('file:') ? 11 : 10)
}

/** Points at whatever is drawn or can be pressed, and presses it. */
export async function pointAtEverything(page: Page): Promise<void> {
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
