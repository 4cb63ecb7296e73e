import { expect, test } from 'vitest'
import { drawn, expectNoAxeViolations, inBrowser } from '../support/browser.ts'
import { demoHtml, expectNoSidewaysScrolling, expectView, openView } from './pages.ts'
import { guideOf } from '../../viewer/build-guide.js'

const html = demoHtml()
const { pages } = guideOf()

inBrowser('the guide', (desk) => {
  test('every page of it opens, and says what it is about', async () => {
    const page = await desk.openFile(html, { hash: '#/guide' })
    await expectView(page, 'guide')
    const links = await page.getByRole('navigation', { name: 'Guide' }).getByRole('link').evaluateAll((all) => all.map((link) => link.getAttribute('href')!))
    expect(links.length).toBe(1 + 8 + 3 + pages.length)
    const titles = new Set<string>()
    for (const href of links) {
      await page.locator(`nav[aria-label="Guide"] a[href="${href}"]`).click()
      await page.locator(`nav[aria-label="Guide"] a[href="${href}"][aria-current="page"]`).waitFor()
      titles.add((await page.locator('.guide article h2').textContent())!)
      expect((await page.locator('.guide article').textContent())!.length).toBeGreaterThan(100)
    }
    expect(titles.size).toBe(links.length)
  })

  test.each(['', '/context', '/keyboard', '/CACHE001'])('axe has no objection to guide%s', async (path) => {
    const page = await desk.openFile(html, { hash: `#/guide${path}` })
    await expectView(page, 'guide')
    await expectNoAxeViolations(page)
    await page.setViewportSize({ width: 390, height: 900 })
    await drawn(page)
    await expectNoSidewaysScrolling(page)
  })

  test('what was found in this run comes first, and leads to its page and its spans', async () => {
    const page = await desk.openFile(html, { hash: '#/guide' })
    const found = page.locator('.found')
    const code = (await found.locator('.chip').first().textContent())!
    await found.locator('.chip').first().click()
    await expect.poll(() => page.locator('.guide article h2').textContent()).toContain(code)
    await page.getByRole('region', { name: 'In this run' }).getByRole('link', { name: /^Show/ }).click()
    await expectView(page, 'timeline')
    expect(page.url()).toMatch(/[?&](finding|span)=\d+/)
  })

  test('a page of it takes the focus when one comes from another, and links between them work', async () => {
    const page = await desk.openFile(html, { hash: '#/guide' })
    await page.locator('.topics').getByRole('link', { name: 'PAR001' }).click()
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('PAR001')
    await page.goBack()
    await page.locator('.guide.at-contents').waitFor()
  })

  test('a page that is not there says so', async () => {
    const page = await desk.openFile(html, { hash: '#/guide/XYZ999' })
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  })
})

inBrowser('the list of shortcuts', (desk) => {
  test('opens with ? from every view, keeps the focus, and gives it back', async () => {
    const page = await desk.openFile(html)
    for (const view of ['overview', 'guide']) {
      await openView(page, view)
      await page.keyboard.press('?')
      const dialog = page.getByRole('dialog', { name: 'Keyboard' })
      await dialog.waitFor()
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab')
        expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null)).toBe(true)
      }
      await page.keyboard.press('2')
      await expectView(page, view)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'hidden' })
      expect(await page.evaluate(() => document.activeElement?.id)).toBe(`tab-${view}`)
    }
  })

  test('opens by its button; closes by its button, and by a click beside it', async () => {
    const page = await desk.openFile(html)
    const dialog = page.getByRole('dialog', { name: 'Keyboard' })
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
    await dialog.waitFor()
    await page.mouse.click(5, 5)
    await dialog.waitFor({ state: 'hidden' })
  })

  test('axe has no objection', async () => {
    const page = await desk.openFile(html)
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await expectNoAxeViolations(page)
  })

  test('a question mark in a field is a question mark', async () => {
    const page = await desk.openFile(html, { hash: '#/calls' })
    const field = page.getByRole('searchbox', { name: 'Filter calls' })
    await field.fill('')
    await field.press('?')
    expect(await field.inputValue()).toBe('?')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})
